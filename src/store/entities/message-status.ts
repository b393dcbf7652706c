import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'
import { instant, lane } from './columns.ts'

/** Written by the tick alone; read here. */
export const MessageStatusEntity = defineEntity({
  name: 'MessageStatus',
  tableName: 'message_status',
  properties: {
    lane: lane(),
    receivedAt: instant().primary(),
    id: p.uuid().primary(),
    messageId: p.uuid(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    status: p.text(),
    human: p.boolean().strictNullable(),
    detail: p.json().$type<JsonObject>().strictNullable(),
    at: instant(),
  },
})
export type MessageStatusRow = InferEntity<typeof MessageStatusEntity>
