import { expect, test } from 'vitest'
import { WEBHOOK_EVENTS } from '../../src/domain/webhook-delivery.ts'
import { toGlobalId } from '../../src/graphql/global-id.ts'
import { composePayload } from '../../src/services/webhooks-payload.ts'

const [CONTACT, ENROLLMENT, JOURNEY, MESSAGE] = [1, 2, 3, 4].map((n) => `01970000-0000-8007-8000-00000000000${n}`) as [string, string, string, string]
const AT = Date.UTC(2025, 5, 15, 12)
const payload = (type: string, data: object) => composePayload({ type, contactId: CONTACT, externalId: 'ada', data: { ...data }, createdAt: AT })
const of = { enrollment: ENROLLMENT, journey: JOURNEY, key: 'cart-1' }
const contact = { id: toGlobalId('Contact', CONTACT), externalId: 'ada' }
const journey = { id: toGlobalId('Journey', JOURNEY) }
const enrollment = { id: toGlobalId('Enrollment', ENROLLMENT), key: 'cart-1' }

test.each([
  ['enrollment.started', of, { contact, enrollment, journey }],
  [
    'enrollment.ended',
    { ...of, state: 'EXITED', reason: 'asked' },
    { contact, journey, enrollment: { ...enrollment, state: 'EXITED', endReason: 'asked' } },
  ],
  [
    'goal.reached',
    { ...of, goal: 'bought', value: 19.5, at: AT - 1_000 },
    { contact, enrollment, journey, goal: { name: 'bought', value: 19.5, occurredAt: '2025-06-15T11:59:59.000Z' } },
  ],
  [
    'message.updated',
    { enrollment: null, journey: null, message: MESSAGE, channel: 'web_push', node: null, status: 'OPENED', human: true, detail: null, at: AT },
    {
      contact,
      journey: null,
      enrollment: null,
      message: {
        id: toGlobalId('Message', MESSAGE),
        channel: 'WEB_PUSH',
        node: null,
        status: 'OPENED',
        human: true,
        detail: null,
        at: '2025-06-15T12:00:00.000Z',
      },
    },
  ],
])('%s', (type, data, expected) => {
  expect(payload(type, data)).toEqual({ type, timestamp: '2025-06-15T12:00:00.000Z', data: expected })
})

test('every event has its form, and one of yesterday’s still says whom it was about', () => {
  for (const type of Object.keys(WEBHOOK_EVENTS)) expect(Object.keys(payload(type, of).data as object).length).toBeGreaterThan(1)
  expect(payload('contact.forgotten', of)).toEqual({ type: 'contact.forgotten', timestamp: '2025-06-15T12:00:00.000Z', data: { contact } })
})
