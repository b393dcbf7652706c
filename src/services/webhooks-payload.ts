import { encodeGlobalId } from '../domain/global-id.ts'
import type { JsonObject } from '../domain/json.ts'
import type { WebhookEvent } from '../domain/webhook-delivery.ts'

/** What a delivery's row says, and the contact's own name for themselves as it is now. */
export interface DeliveryContent {
  type: string
  contactId: string
  externalId: string | null
  data: Readonly<Record<string, unknown>>
  /** Unix milliseconds. */
  createdAt: number
}

const idOf = (type: string, id: unknown) => (typeof id === 'string' ? { id: encodeGlobalId(type, id) } : null)
const instant = (at: unknown) => (typeof at === 'number' ? new Date(at).toISOString() : null)
const enrollment = (data: DeliveryContent['data']) => ({
  enrollment: { ...idOf('Enrollment', data.enrollment), key: data.key ?? '' },
  ...journey(data),
})
const journey = (data: DeliveryContent['data']) => ({ journey: idOf('Journey', data.journey) })

const DATA: Readonly<Record<WebhookEvent, (data: DeliveryContent['data']) => object>> = {
  'enrollment.started': enrollment,
  'enrollment.ended': (data) => ({
    ...journey(data),
    enrollment: { ...enrollment(data).enrollment, state: data.state, endReason: data.reason ?? null },
  }),
  'goal.reached': (data) => ({ ...enrollment(data), goal: { name: data.goal, value: data.value ?? null, occurredAt: instant(data.at) } }),
  'message.updated': (data) => ({
    ...journey(data),
    enrollment: idOf('Enrollment', data.enrollment),
    message: {
      ...idOf('Message', data.message),
      channel: String(data.channel).toUpperCase(),
      node: data.node ?? null,
      status: data.status,
      human: data.human ?? null,
      detail: data.detail ?? null,
      at: instant(data.at),
    },
  }),
}

/**
 * What an endpoint is sent, in the form Standard Webhooks recommends: `{ type, timestamp, data }`, ids as the API has them.
 * Made when it is sent, of a row that holds no contact details: what was erased meanwhile is told to nobody.
 */
export function composePayload({ type, contactId, externalId, data, createdAt }: DeliveryContent): JsonObject {
  const contact = { ...idOf('Contact', contactId), externalId }
  const more = Object.hasOwn(DATA, type) ? DATA[type as WebhookEvent](data) : {}
  return { type, timestamp: new Date(createdAt).toISOString(), data: { contact, ...more } } as unknown as JsonObject
}
