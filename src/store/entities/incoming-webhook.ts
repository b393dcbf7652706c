import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { IncomingMapping, Verification } from '../../domain/incoming-webhook.ts'

export const IncomingWebhookTable = defineEntity({
  name: 'IncomingWebhook',
  tableName: 'incoming_webhook',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    token: p.string(),
    verification: p.string().$type<Verification>(),
    header: p.string().nullable(),
    secret: p.blob(),
    mapping: p.json().$type<IncomingMapping>(),
    lastProblem: p.string().nullable(),
    lastProblemAt: p.datetime().nullable(),
    disabledAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type IncomingWebhookRow = InferEntity<typeof IncomingWebhookTable>
