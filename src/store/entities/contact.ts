import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { JsonObject } from '../../domain/json.ts'

export const ContactTable = defineEntity({
  name: 'Contact',
  tableName: 'contact',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    externalId: p.string().nullable(),
    attributes: p.json().$type<JsonObject>(),
    tags: p.array().$type<string[]>(),
    locale: p.string().nullable(),
    timeZone: p.string().nullable(),
    mergedInto: p.uuid().nullable(),
    linked: p.array().$type<string[]>(),
    suppressedAt: p.datetime().nullable(),
    erasedAt: p.datetime().nullable(),
    consentRevision: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type ContactRow = InferEntity<typeof ContactTable>
