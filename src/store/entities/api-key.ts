import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { bytes, instant, madeAt } from './columns.ts'

export const ApiKeyEntity = defineEntity({
  name: 'ApiKey',
  tableName: 'api_key',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.text(),
    /** Enough of the key to know it by in a list. */
    prefix: p.text(),
    /** SHA-256 of the key. */
    hash: bytes(),
    scopes: p.array().columnType('text[]'),
    expiresAt: instant().strictNullable(),
    revokedAt: instant().strictNullable(),
    createdAt: madeAt(),
  },
})
export type ApiKeyRow = InferEntity<typeof ApiKeyEntity>
