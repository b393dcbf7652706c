import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyRule } from '../../src/channels/failures.ts'
import { TWILIO_FAILURES, twilioRule } from '../../src/channels/twilio-codes.ts'

/** What comes of a code, apart from its words. */
function outcome(code: string): object {
  const rule = twilioRule(code)
  return Object.fromEntries(Object.entries(applyRule(code, rule)).filter(([key]) => key !== 'message'))
}

describe('what providers.md says of a code', () => {
  test.each(['21211', '21614', '30005', '30006', '21214', '21217'])('%s: the number is bad, for good', (code) => {
    expect(outcome(code)).toEqual({ type: 'permanent', code, identity: 'INVALID' })
  })

  test('21610: the person has opted out, and the number is as good as before', () => {
    expect(outcome('21610')).toEqual({ type: 'permanent', code: '21610', optedOut: true })
  })

  // https://www.twilio.com/docs/api/errors/63014, and 63033 of the on-premises API, which blamed no person.
  test('63014: the person has blocked the sender; 63033 says of nobody that they did', () => {
    expect(outcome('63014')).toEqual({ type: 'permanent', code: '63014', optedOut: true })
    expect(outcome('63033')).toEqual({ type: 'permanent', code: '63033' })
  })

  test.each(['30003', '30008', '21408', '30004', '30034'])('%s: this message will not arrive, which says nothing of the number', (code) => {
    expect(outcome(code)).toEqual({ type: 'permanent', code })
  })

  test('30007: what was filtered is never repeated', () => {
    expect(outcome('30007')).toEqual({ type: 'permanent', code: '30007' })
    expect(TWILIO_FAILURES['30007']?.message).toContain('never repeat')
  })

  test.each([
    ['14107', 1_000],
    ['20005', 60_000],
    ['21611', 60_000],
    ['30001', 60_000],
  ])('%s: too much at once, so nothing was sent; again after %i ms', (code, retryAfter) => {
    expect(outcome(code)).toEqual({ type: 'retry', code, retryAfter })
    expect(applyRule(code, twilioRule(code), 5_000)).toMatchObject({ retryAfter: 5_000 })
  })
})

test('every row is whole: Twilio never leaves it open, a pause goes with a retry, and what is known of a number with a failure', () => {
  for (const [code, rule] of Object.entries(TWILIO_FAILURES)) {
    expect(code).toMatch(/^[1-6]\d{4}$/)
    expect(rule.message).toMatch(/^[A-Z].*\.$/)
    expect({ code, as: rule.as, pause: rule.retryAfter !== undefined }).toEqual({
      code,
      as: rule.as === 'retry' ? 'retry' : 'permanent',
      pause: rule.as === 'retry',
    })
    if (rule.identity !== undefined || rule.optedOut !== undefined) expect({ code, as: rule.as }).toEqual({ code, as: 'permanent' })
  }
})

test('authentication and too many requests are left to their HTTP statuses, which say when to try again', () => {
  expect([20003, 20429].filter((code) => Object.hasOwn(TWILIO_FAILURES, code))).toEqual([])
})

test('an unknown code fails the message, keeps itself to be found, and blames nobody', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('', 'constructor', '__proto__')), (code) => {
      expect(applyRule(code, twilioRule(code))).toEqual({ type: 'permanent', code, message: `Twilio error ${code}.` })
    }),
  )
})
