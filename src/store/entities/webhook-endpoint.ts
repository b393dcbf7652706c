import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { WebhookEvent } from '../../domain/webhook-delivery.ts'

export const WebhookEndpointTable = defineEntity({
  name: 'WebhookEndpoint',
  tableName: 'webhook_endpoint',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    url: p.string(),
    description: p.string().nullable(),
    eventTypes: p.array().$type<WebhookEvent[]>(),
    secret: p.blob(),
    previousSecret: p.blob().nullable(),
    previousUntil: p.datetime().nullable(),
    disabledAt: p.datetime().nullable(),
    disabledReason: p.string().$type<'GONE' | 'FAILING' | 'REQUESTED'>().nullable(),
    failingSince: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type WebhookEndpointRow = InferEntity<typeof WebhookEndpointTable>
