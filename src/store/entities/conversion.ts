import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { instant, lane } from './columns.ts'

/** Written by the tick alone; read here. */
export const ConversionEntity = defineEntity({
  name: 'Conversion',
  tableName: 'conversion',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    contactId: p.uuid(),
    journeyId: p.uuid(),
    versionId: p.uuid(),
    enrollmentId: p.uuid(),
    goal: p.text(),
    /** Decimal text, exact. */
    value: p.decimal('string').strictNullable(),
    eventId: p.uuid(),
    at: instant(),
  },
})
export type ConversionRow = InferEntity<typeof ConversionEntity>
