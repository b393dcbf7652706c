import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeDecision, describeReason } from '../../src/domain/decision.ts'
import { DECISION_CODES, type DecisionCode, SUPPRESS_REASONS } from '../../src/domain/journey/enrollment.ts'
import type { JsonObject } from '../../src/domain/json.ts'

const AT = Date.UTC(2025, 5, 15, 12)

describe('describeDecision', () => {
  test.each<[DecisionCode, JsonObject, string]>([
    ['entered', { node: 'start' }, 'Entered the journey by «start».'],
    ['left', { node: 'mail', port: 'opened' }, 'Left «mail» by port opened.'],
    ['waiting', { node: 'pause', until: AT }, 'Waits at «pause» until 2025-06-15T12:00:00.000Z.'],
    ['waiting', { node: 'pause', until: null }, 'Waits at «pause» for something to happen.'],
    ['waiting', { node: 'pause', missing: 'birthday' }, "Did not wait at «pause»: the contact's «birthday» holds no date."],
    ['message_planned', { node: 'mail', channel: 'email' }, 'Planned a message by email at «mail».'],
    ['message_deferred', { channel: 'sms', until: null, reason: 'journey_paused' }, 'Put off the message by sms: the journey is paused.'],
    [
      'message_suppressed',
      { node: 'mail', channel: 'email', reason: 'consent_withdrawn' },
      'Did not send a message by email at «mail»: the contact has withdrawn their consent.',
    ],
    ['signal', { node: 'mail', signal: 'FAILED', reason: 'mailbox full' }, 'The message of «mail» is reported failed: mailbox full.'],
    [
      'follow_up_armed',
      { node: 'mail', on: 'DELIVERED', at: AT },
      'Will leave «mail» by delivered at 2025-06-15T12:00:00.000Z, unless something better comes.',
    ],
    [
      'follow_up_called_off',
      { node: 'mail', on: 'DELIVERED', by: 'OPENED' },
      'Called off the follow-up on delivered at «mail»: the message is now opened.',
    ],
    ['exited', { reason: 'unsubscribed' }, 'Left the journey: unsubscribed.'],
    ['refused_reentry', { rule: 'ONCE' }, 'Did not enter again: the contact has been in it before, and it may be entered once.'],
    ['refused_reentry', { rule: 'ONE_AT_A_TIME', reason: 'active' }, 'Did not enter again: the contact is in it already, and one at a time may be.'],
    ['refused_exit_event', { event: 'bought' }, 'Did not enter: «bought» had already happened, which ends the journey.'],
    ['refused_filter', {}, 'Did not enter: the condition of the trigger does not hold.'],
    ['refused_filter', { missing: 'cartId' }, 'Did not enter: the event has no «cartId» to be the key.'],
    ['refused_filter', { reason: 'erased' }, 'Did not enter: the contact was erased.'],
  ])('%s %j', (code, data, expected) => {
    expect(describeDecision(code, data)).toBe(expected)
  })

  test('is one whole sentence for every code, on any data', () => {
    const keys = ['node', 'port', 'until', 'missing', 'channel', 'reason', 'rule', 'signal', 'on', 'by', 'at', 'goal', 'event']
    const data = fc.dictionary(
      fc.constantFrom(...keys),
      fc.oneof(fc.constantFrom('word', 'toString', ''), fc.double(), fc.constant(null), fc.constant([]), fc.constant({})),
    )
    fc.assert(
      fc.property(fc.constantFrom(...DECISION_CODES), data, (code, given) => {
        expect(describeDecision(code, given as JsonObject)).toMatch(/^[A-Z][^.].*\.$/)
      }),
    )
    for (const code of DECISION_CODES) expect(describeDecision(code)).toMatch(/^[A-Z][A-Za-z ,:-]+\.$/)
    expect(new Set(DECISION_CODES.map((code) => describeDecision(code))).size).toBe(DECISION_CODES.length)
  })
})

test('describeReason is one clause for every reason', () => {
  const clauses = SUPPRESS_REASONS.map(describeReason)
  for (const clause of clauses) expect(clause).toMatch(/^[a-z][a-z ,-]+$/)
  expect(new Set(clauses).size).toBe(SUPPRESS_REASONS.length)
})
