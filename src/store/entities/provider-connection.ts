import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'

export const ProviderConnectionTable = defineEntity({
  name: 'ProviderConnection',
  tableName: 'provider_connection',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    channel: p.string().$type<Channel>(),
    provider: p.string(),
    name: p.string(),
    baseUrl: p.string().nullable(),
    credentials: p.blob(),
    settings: p.json().$type<JsonObject>(),
    priority: p.integer(),
    disabledAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type ProviderConnectionRow = InferEntity<typeof ProviderConnectionTable>
