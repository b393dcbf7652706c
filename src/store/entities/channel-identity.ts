import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel, IdentityStatus } from '../../domain/channel.ts'
import { bytes, lane, madeAt } from './columns.ts'

export const ChannelIdentityEntity = defineEntity({
  name: 'ChannelIdentity',
  tableName: 'channel_identity',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    channel: p.text().$type<Channel>(),
    status: p.text().$type<IdentityStatus>(),
    /** Sealed. */
    address: bytes(),
    blindIndex: p.text(),
    platform: p.text().strictNullable(),
    lastSeenAt: madeAt(),
    createdAt: madeAt(),
  },
})
export type ChannelIdentityRow = InferEntity<typeof ChannelIdentityEntity>
