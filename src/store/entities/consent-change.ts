import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, ConsentState } from '../../domain/channel.ts'
import { lane, madeAt } from './columns.ts'

/** The ledger: appended, never changed. */
export const ConsentChangeEntity = defineEntity({
  name: 'ConsentChange',
  tableName: 'consent_change',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    channel: p.text().$type<Channel | ''>(),
    topicId: p.text(),
    state: p.text().$type<ConsentState>(),
    source: p.text(),
    purpose: p.text(),
    at: madeAt(),
  },
})
export type ConsentChangeRow = InferEntity<typeof ConsentChangeEntity>
