import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Decision } from '../../domain/journey/enrollment.ts'
import type { JsonObject } from '../../domain/json.ts'

export const JournalEntryTable = defineEntity({
  name: 'JournalEntry',
  tableName: 'journal',
  properties: {
    lane: p.integer().primary(),
    at: p.datetime().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    journeyId: p.uuid(),
    enrollmentId: p.uuid().nullable(),
    seq: p.integer(),
    input: p.json().columnType('text').$type<JsonObject>(),
    decisions: p.json().columnType('text').$type<Decision[]>(),
  },
})

export type JournalEntryRow = InferEntity<typeof JournalEntryTable>
