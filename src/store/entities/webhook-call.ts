import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const WebhookCallTable = defineEntity({
  name: 'WebhookCall',
  tableName: 'webhook_call',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    enrollmentId: p.uuid(),
    node: p.string(),
    status: p.string().$type<'PENDING' | 'HELD' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'>(),
    dueAt: p.datetime().nullable(),
    attempt: p.integer(),
    answerStatus: p.integer().nullable(),
    failureCode: p.string().nullable(),
    failureMessage: p.string().nullable(),
    plannedAt: p.datetime(),
    finishedAt: p.datetime().nullable(),
  },
})

export type WebhookCallRow = InferEntity<typeof WebhookCallTable>
