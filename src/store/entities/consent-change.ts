import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { ConsentState } from '../../domain/channel.ts'

export const ConsentChangeTable = defineEntity({
  name: 'ConsentChange',
  tableName: 'consent_change',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    channel: p.string(),
    topicId: p.string(),
    state: p.string().$type<ConsentState>(),
    source: p.string(),
    purpose: p.string(),
    at: p.datetime(),
  },
})

export type ConsentChangeRow = InferEntity<typeof ConsentChangeTable>
