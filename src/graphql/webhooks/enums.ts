import { registerEnumType } from 'type-graphql'
import { WEBHOOK_EVENTS, type WebhookEvent } from '../../domain/webhook-delivery.ts'

/** `message.updated` is MESSAGE_UPDATED in the API. */
const memberOf = (event: string) => event.replace('.', '_').toUpperCase()

export const WebhookEventEnum = Object.fromEntries(Object.keys(WEBHOOK_EVENTS).map((event) => [memberOf(event), event])) as Record<
  string,
  WebhookEvent
>
registerEnumType(WebhookEventEnum, {
  name: 'WebhookEventType',
  description: 'What an endpoint can be told of. On the wire it is written `message.updated`.',
  valuesConfig: Object.fromEntries(Object.entries(WEBHOOK_EVENTS).map(([event, description]) => [memberOf(event), { description }])),
})

export const DeliveryStateEnum = { PENDING: 'PENDING', DELIVERED: 'DELIVERED', FAILED: 'FAILED' } as const
registerEnumType(DeliveryStateEnum, {
  name: 'WebhookDeliveryState',
  description: 'What became of a delivery.',
  valuesConfig: {
    PENDING: { description: 'It is still to be made, for the first time or again.' },
    DELIVERED: { description: 'The endpoint answered with a 2xx.' },
    FAILED: { description: 'It was made ten times in vain, or the endpoint answered 410.' },
  },
})

export const DisabledReasonEnum = { GONE: 'GONE', FAILING: 'FAILING', REQUESTED: 'REQUESTED' } as const
registerEnumType(DisabledReasonEnum, {
  name: 'WebhookDisabledReason',
  description: 'Why an endpoint is told nothing any more.',
  valuesConfig: {
    GONE: { description: 'It answered 410.' },
    FAILING: { description: 'For five days it took nothing.' },
    REQUESTED: { description: 'Somebody disabled it.' },
  },
})
