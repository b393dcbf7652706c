import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'
import { changedAt, instant, lane, madeAt } from './columns.ts'

export const ContactEntity = defineEntity({
  name: 'Contact',
  tableName: 'contact',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    externalId: p.text().strictNullable(),
    attributes: p.json().$type<JsonObject>(),
    tags: p.array().columnType('text[]'),
    locale: p.text().strictNullable(),
    timeZone: p.text().strictNullable(),
    /** The known contact this anonymous one turned out to be. */
    mergedInto: p.uuid().strictNullable(),
    /** Ids of the anonymous contacts that turned out to be this one. */
    linked: p.array().columnType('uuid[]'),
    suppressedAt: instant().strictNullable(),
    erasedAt: instant().strictNullable(),
    consentRevision: p.integer(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
})
export type ContactRow = InferEntity<typeof ContactEntity>
