import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { EnrollmentState, EnrollmentStatus } from '../../domain/journey/enrollment.ts'
import { instant, lane } from './columns.ts'

/** Written by the tick alone; read here. */
export const EnrollmentEntity = defineEntity({
  name: 'Enrollment',
  tableName: 'enrollment',
  properties: {
    lane: lane(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    journeyId: p.uuid(),
    versionId: p.uuid(),
    contactId: p.uuid(),
    key: p.text(),
    status: p.text().$type<EnrollmentStatus>(),
    node: p.text().strictNullable(),
    dueAt: instant().strictNullable(),
    frozenDueAt: instant().strictNullable(),
    state: p.json().$type<EnrollmentState>(),
    enteredAt: instant(),
    endedAt: instant().strictNullable(),
    endReason: p.text().strictNullable(),
  },
})
export type EnrollmentRow = InferEntity<typeof EnrollmentEntity>
