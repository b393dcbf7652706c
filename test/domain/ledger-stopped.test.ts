import { describe, expect, test } from 'vitest'
import { applyHeld, applyResult, applyTimer, calledOff } from '../../src/domain/ledger.ts'
import { AMBIGUOUS, entry, NOW, OK, PERMANENT, quiet, RETRY, result } from '../support/ledger.ts'

describe('refused by the second gate', () => {
  const doubt = { code: 'TIMEOUT', class: 'AMBIGUOUS' as const, message: 'no answer' }
  const inDoubt = entry({ status: 'PLANNED', whenUnknown: 'RESEND', failure: doubt })

  test('for a pause: kept for the resumption, or planned again where that has come', () => {
    const history = { status: 'DEFERRED', human: null, at: NOW, detail: { reason: 'journey_paused' } }
    const failure = { code: 'journey_paused', class: 'RETRYABLE', message: '' }
    const planned = entry({ status: 'PLANNED' })
    expect(applyHeld(planned, 'journey_paused', true, NOW)).toEqual({ ...quiet, entry: { ...planned, status: 'DEFERRED', failure }, history })
    expect(applyHeld(planned, 'journey_paused', false, NOW).entry).toEqual({ ...planned, status: 'DEFERRED', dueAt: NOW, failure })
  })

  test('for a pause while it is in doubt: sent again once after it, not for a second doubt', () => {
    const held = applyHeld(inDoubt, 'journey_paused', true, NOW).entry
    expect(held.failure).toEqual({ code: 'journey_paused', class: 'AMBIGUOUS', message: '' })
    const again = applyResult({ ...held, status: 'DISPATCHING', attempt: 2 }, 2, AMBIGUOUS, NOW, NOW).entry
    expect([again.status, again.dueAt]).toEqual(['UNKNOWN', null])
  })

  test('for good: suppressed, and its journey hears of it', () => {
    const planned = entry({ status: 'PLANNED' })
    expect(applyHeld(planned, 'expired', false, NOW)).toEqual({
      ...quiet,
      entry: { ...planned, status: 'SUPPRESSED', failure: { code: 'expired', class: 'PERMANENT', message: '' } },
      history: { status: 'SUPPRESSED', human: null, at: NOW, detail: { reason: 'expired' } },
      signal: { signal: 'SUPPRESSED', human: true, at: NOW, reason: 'expired' },
      counts: ['suppressed', 'suppressed:expired'],
    })
  })

  test.each([
    ['by the gate', applyHeld(inDoubt, 'expired', false, NOW)],
    ['by its sender', applyResult({ ...inDoubt, status: 'DISPATCHING' }, 1, { type: 'held', reason: 'expired' }, NOW, NOW)],
  ])('for good while it is in doubt, %s: the doubt stays, and it is not sent again', (_, change) => {
    const held = { ...inDoubt, status: 'UNKNOWN', failure: { code: 'expired', class: 'AMBIGUOUS', message: '' } }
    expect(change).toEqual({ ...quiet, entry: held, history: { status: 'SUPPRESSED', human: null, at: NOW, detail: { reason: 'expired' } } })
  })
})

describe('needed no more', () => {
  const doubt = { code: 'TIMEOUT', class: 'AMBIGUOUS' as const, message: '' }

  test.each([
    ['turned away, is not tried again', result(entry(), RETRY), 'CANCELLED', 'RETRYABLE', 'RETRY'],
    ['due again, is not', applyTimer(entry({ status: 'DEFERRED', dueAt: NOW }), NOW), 'CANCELLED', 'PERMANENT', undefined],
    [
      'in doubt, is not and stays so',
      applyTimer(entry({ status: 'UNKNOWN', dueAt: NOW, whenUnknown: 'RESEND', failure: doubt }), NOW),
      'UNKNOWN',
      'AMBIGUOUS',
      undefined,
    ],
  ] as const)('a message that was %s', (_, change, status, failed, line) => {
    const over = calledOff(change, 'engaged')
    expect(over.entry).toEqual({ ...change.entry, status, dueAt: null, failure: { code: 'engaged', class: failed, message: '' } })
    expect([over.send, over.history?.status]).toEqual([false, line])
  })

  test.each([OK, AMBIGUOUS, PERMANENT])('what became of it stands: $type', (outcome) => {
    const change = result(entry(), outcome)
    expect(calledOff(change, 'engaged')).toBe(change)
  })
})
