import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const ApiKeyTable = defineEntity({
  name: 'ApiKey',
  tableName: 'api_key',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    prefix: p.string(),
    hash: p.blob(),
    scopes: p.array().$type<string[]>(),
    expiresAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
  },
})

export type ApiKeyRow = InferEntity<typeof ApiKeyTable>
