import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'
import { bytes, madeAt } from './columns.ts'

export const IdempotencyEntity = defineEntity({
  name: 'Idempotency',
  tableName: 'idempotency',
  properties: {
    workspaceId: p.uuid().primary(),
    key: p.text().primary(),
    operation: p.text(),
    bodyHash: bytes(),
    response: p.json().$type<JsonObject>().strictNullable(),
    createdAt: madeAt(),
  },
})
export type IdempotencyRow = InferEntity<typeof IdempotencyEntity>
