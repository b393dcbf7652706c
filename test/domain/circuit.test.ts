import { describe, expect, it } from 'vitest'
import { CHANNELS } from '../../src/domain/channel.ts'
import { circuitState, failOver, judgeConnection, mayFailOver } from '../../src/domain/circuit.ts'
import type { SendOutcome } from '../../src/domain/delivery.ts'

const retry = (code: string, retryAfter?: number): SendOutcome => ({
  type: 'retry',
  code,
  message: '',
  ...(retryAfter === undefined ? {} : { retryAfter }),
})

describe('what an attempt says of its connection', () => {
  it('nothing bad where the provider dealt with the message', () => {
    expect(judgeConnection({ type: 'ok', providerMessageId: 'x' })).toBe('sound')
    expect(judgeConnection({ type: 'permanent', code: '21614', message: '' })).toBe('sound')
  })

  it('nothing where it is the message, or what it is made of, that is not ready', () => {
    for (const code of ['SENDER_NOT_READY', 'NO_CONNECTION', 'ATTACHMENT_UNAVAILABLE', '4.7.1', '450', '63016', '131056', 'CLOSED'])
      expect(judgeConnection(retry(code))).toBeNull()
    expect(judgeConnection({ type: 'permanent', code: 'INVALID_MESSAGE', message: '' })).toBeNull()
    expect(judgeConnection({ type: 'held', reason: 'no_consent' })).toBeNull()
  })

  it.each(['AUTH', 'TURNED_AWAY', '20005', '21611'])('that its account is not let in, at once: %s', (code) => {
    expect(judgeConnection(retry(code, 60_000))).toEqual({ code, opensAfter: 1, openFor: 60_000, atMost: 600_000 })
  })

  it('that it has sent too much: for as long as it is told, else for half a minute', () => {
    expect(judgeConnection(retry('RATE_LIMITED'))).toEqual({ code: 'RATE_LIMITED', opensAfter: 1, openFor: 30_000, atMost: 600_000 })
    expect(judgeConnection(retry('RATE_LIMITED', 7_000))).toEqual({ code: 'RATE_LIMITED', opensAfter: 1, openFor: 7_000, atMost: 7_000 })
  })

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETLS',
    'UND_ERR_CONNECT_TIMEOUT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'TIMEOUT',
    'ADDRESS_REFUSED',
  ])('that nothing is there, the third time: %s', (code) => {
    expect(judgeConnection(retry(code))).toEqual({ code, opensAfter: 3, openFor: 15_000, atMost: 300_000 })
  })

  it('that it leaves in doubt what it is given, the fifth time', () => {
    expect(judgeConnection({ type: 'ambiguous', code: 'HTTP_503', message: '' })).toEqual({
      code: 'HTTP_503',
      opensAfter: 5,
      openFor: 30_000,
      atMost: 300_000,
    })
  })
})

describe('fail-over', () => {
  it('does not wait for what only the first provider asked, and touches nothing that may have happened', () => {
    expect(failOver(retry('AUTH', 60_000))).toEqual(retry('AUTH'))
    const doubt: SendOutcome = { type: 'ambiguous', code: 'TIMEOUT', message: '' }
    expect(failOver(doubt)).toBe(doubt)
    const refused: SendOutcome = { type: 'permanent', code: 'X', message: '', identity: 'INVALID' }
    expect(failOver(refused)).toBe(refused)
  })

  it('is for channels whose addresses any provider reaches', () => {
    expect(CHANNELS.filter(mayFailOver)).toEqual(['email', 'sms'])
  })
})

it('a circuit is open until its time, then tried', () => {
  expect([circuitState(null, 5), circuitState(6, 5), circuitState(5, 5), circuitState(4, 5)]).toEqual(['CLOSED', 'OPEN', 'HALF_OPEN', 'HALF_OPEN'])
})
