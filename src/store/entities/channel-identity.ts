import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, IdentityStatus } from '../../domain/channel.ts'

export const ChannelIdentityTable = defineEntity({
  name: 'ChannelIdentity',
  tableName: 'channel_identity',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    channel: p.string().$type<Channel>(),
    status: p.string().$type<IdentityStatus>(),
    address: p.blob(),
    blindIndex: p.string(),
    platform: p.string().nullable(),
    lastSeenAt: p.datetime(),
    createdAt: p.datetime(),
  },
})

export type ChannelIdentityRow = InferEntity<typeof ChannelIdentityTable>
