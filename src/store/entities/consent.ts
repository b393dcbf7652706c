import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, ConsentState } from '../../domain/channel.ts'
import { lane, madeAt } from './columns.ts'

/** The state in force. `channel` and `topicId` are '' for all of them, because they are part of the key. */
export const ConsentEntity = defineEntity({
  name: 'Consent',
  tableName: 'consent',
  properties: {
    lane: lane(),
    contactId: p.uuid().primary(),
    channel: p.text().$type<Channel | ''>().primary(),
    topicId: p.text().primary(),
    workspaceId: p.uuid(),
    state: p.text().$type<ConsentState>(),
    source: p.text(),
    purpose: p.text(),
    at: madeAt(),
  },
})
export type ConsentRow = InferEntity<typeof ConsentEntity>
