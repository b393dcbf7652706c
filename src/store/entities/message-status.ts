import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'

export const MessageStatusTable = defineEntity({
  name: 'MessageStatus',
  tableName: 'message_status',
  properties: {
    lane: p.integer().primary(),
    receivedAt: p.datetime().primary(),
    id: p.uuid().primary(),
    messageId: p.uuid(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    status: p.string(),
    human: p.boolean().nullable(),
    detail: p.json().$type<JsonObject>().nullable(),
    at: p.datetime(),
  },
})

export type MessageStatusRow = InferEntity<typeof MessageStatusTable>
