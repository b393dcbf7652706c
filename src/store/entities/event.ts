import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'
import { instant, lane } from './columns.ts'

/** Written by the tick alone; read here. */
export const EventEntity = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    lane: lane(),
    receivedAt: instant().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    messageId: p.text().strictNullable(),
    name: p.text(),
    properties: p.json().$type<JsonObject>(),
    occurredAt: instant(),
  },
})
export type EventRow = InferEntity<typeof EventEntity>
