import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSigned, isSigningSecret, makeSigningSecret, signatureHeaders } from '../../src/services/webhooks-signature.ts'

/** The example that implementations of Standard Webhooks check themselves against. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const AT = 1_614_265_330_000
const BODY = '{"test": 2432232314}'
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
const headers = { 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': SIGNATURE }
const signed = (over: Record<string, string | undefined> = {}, body: string | Buffer = BODY, now = AT, secret = SECRET) =>
  isSigned(secret, { ...headers, ...over }, Buffer.from(body), now)

test('the example of the standard is signed and verified as it says', () => {
  expect(signatureHeaders([SECRET], ID, AT + 999, BODY)).toEqual(headers)
  expect(signed()).toBe(true)
  expect(signed({}, BODY, AT, SECRET.slice('whsec_'.length))).toBe(true)
})

describe('a signature counts', () => {
  test('five minutes either way', () => {
    expect([300, -300].map((seconds) => signed({}, BODY, AT + seconds * 1_000))).toEqual([true, true])
    expect([301, -301].map((seconds) => signed({}, BODY, AT + seconds * 1_000))).toEqual([false, false])
  })

  test('whichever of several it is, of version 1', () => {
    expect(signed({ 'webhook-signature': `v1,AAAA v1a,${SIGNATURE.slice(3)} ${SIGNATURE}` })).toBe(true)
    expect(signed({ 'webhook-signature': `v1a,${SIGNATURE.slice(3)} v2,${SIGNATURE.slice(3)}` })).toBe(false)
  })

  test('made with either of two secrets while receivers change over', () => {
    const next = makeSigningSecret()
    const both = signatureHeaders([next, SECRET], ID, AT, BODY)
    expect([next, SECRET, makeSigningSecret()].map((secret) => isSigned(secret, both, Buffer.from(BODY), AT))).toEqual([true, true, false])
  })
})

describe('nothing else does', () => {
  test.each([
    [{ 'webhook-id': undefined }],
    [{ 'webhook-id': '' }],
    [{ 'webhook-id': 'msg_other' }],
    [{ 'webhook-timestamp': undefined }],
    [{ 'webhook-timestamp': '1614265331' }],
    [{ 'webhook-timestamp': 'NaN' }],
    [{ 'webhook-timestamp': ' 1614265330' }],
    [{ 'webhook-signature': undefined }],
    [{ 'webhook-signature': '' }],
    [{ 'webhook-signature': SIGNATURE.slice(3) }],
    [{ 'webhook-signature': 'v1,' }],
  ])('%j', (over) => expect(signed(over)).toBe(false))

  test('a secret that is none', () => {
    expect(['', 'whsec_', 'short', 'whsec_AAAA', 'whsec_ö'].map((secret) => signed({}, BODY, AT, secret))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
    expect([SECRET, makeSigningSecret(), '', 'whsec_AAAA', `whsec_${'A'.repeat(100)}`].map(isSigningSecret)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })

  test('a body, an id or a signature with any one bit flipped', () => {
    const flip = (buffer: Buffer, bit: number) => {
      const copy = Buffer.from(buffer)
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return copy
    }
    for (let bit = 0; bit < BODY.length * 8; bit++) expect(signed({}, flip(Buffer.from(BODY), bit))).toBe(false)
    const signature = Buffer.from(SIGNATURE.slice(3), 'base64')
    for (let bit = 0; bit < signature.length * 8; bit++)
      expect(signed({ 'webhook-signature': `v1,${flip(signature, bit).toString('base64')}` })).toBe(false)
  })

  test('a part of the body moved into the id, by way of the dots between them', () => {
    const made = signatureHeaders([SECRET], 'a', AT, '1614265331.b')
    const moved = { ...made, 'webhook-id': 'a.1614265330', 'webhook-timestamp': '1614265331' }
    expect([isSigned(SECRET, made, Buffer.from('1614265331.b'), AT), isSigned(SECRET, moved, Buffer.from('b'), AT)]).toEqual([true, false])
  })

  test('garbage, of which none makes it throw', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(undefined))
    fc.assert(
      fc.property(text, text, text, fc.uint8Array(), (id, timestamp, signature, body) => {
        const garbage = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
        expect(isSigned(SECRET, garbage, Buffer.from(body), AT)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('whatever is signed is verified', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\w-]{1,60}$/), fc.string({ unit: 'binary' }), fc.integer({ min: 24, max: 64 }), (id, body, length) => {
      const secret = `whsec_${randomBytes(length).toString('base64')}`
      expect(isSigned(secret, signatureHeaders([secret], id, AT, body), Buffer.from(body), AT)).toBe(true)
    }),
  )
})
