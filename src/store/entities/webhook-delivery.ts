import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'
import type { DeliveryState } from '../../domain/webhook-delivery.ts'

export const WebhookDeliveryTable = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_delivery',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    endpointId: p.uuid(),
    contactId: p.uuid(),
    type: p.string(),
    data: p.json().$type<JsonObject>(),
    status: p.string().$type<DeliveryState>(),
    dueAt: p.datetime().nullable(),
    attempt: p.integer(),
    attempts: p.json().$type<{ at: string; status: number | null; code: string | null; millis: number }[]>(),
    createdAt: p.datetime(),
    finishedAt: p.datetime().nullable(),
  },
})

export type WebhookDeliveryRow = InferEntity<typeof WebhookDeliveryTable>
