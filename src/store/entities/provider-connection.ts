import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { bytes, changedAt, instant, madeAt } from './columns.ts'

export const ProviderConnectionEntity = defineEntity({
  name: 'ProviderConnection',
  tableName: 'provider_connection',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    channel: p.text().$type<Channel>(),
    provider: p.text(),
    name: p.text(),
    baseUrl: p.text().strictNullable(),
    /** Sealed JSON. */
    credentials: bytes(),
    settings: p.json().$type<JsonObject>(),
    disabledAt: instant().strictNullable(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
})
export type ProviderConnectionRow = InferEntity<typeof ProviderConnectionEntity>
