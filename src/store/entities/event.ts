import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'

export const EventTable = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    lane: p.integer().primary(),
    receivedAt: p.datetime().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    messageId: p.string().nullable(),
    name: p.string(),
    properties: p.json().$type<JsonObject>(),
    occurredAt: p.datetime(),
  },
})

export type EventRow = InferEntity<typeof EventTable>
