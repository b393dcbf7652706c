import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const ConversionTable = defineEntity({
  name: 'Conversion',
  tableName: 'conversion',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    journeyId: p.uuid(),
    versionId: p.uuid(),
    enrollmentId: p.uuid(),
    goal: p.string(),
    value: p.decimal().nullable(),
    eventId: p.uuid(),
    at: p.datetime(),
    recordedAt: p.datetime(),
  },
})

export type ConversionRow = InferEntity<typeof ConversionTable>
