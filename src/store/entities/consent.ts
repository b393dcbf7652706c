import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { ConsentState } from '../../domain/channel.ts'

export const ConsentTable = defineEntity({
  name: 'Consent',
  tableName: 'consent',
  properties: {
    lane: p.integer().primary(),
    contactId: p.uuid().primary(),
    channel: p.string().primary(),
    topicId: p.string().primary(),
    workspaceId: p.uuid(),
    state: p.string().$type<ConsentState>(),
    source: p.string(),
    purpose: p.string(),
    at: p.datetime(),
  },
})

export type ConsentRow = InferEntity<typeof ConsentTable>
