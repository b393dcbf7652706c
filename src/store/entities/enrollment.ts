import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { EnrollmentStatus } from '../../domain/journey/enrollment.ts'
import type { JsonObject } from '../../domain/json.ts'

export const EnrollmentTable = defineEntity({
  name: 'Enrollment',
  tableName: 'enrollment',
  properties: {
    lane: p.integer().primary(),
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    journeyId: p.uuid(),
    versionId: p.uuid(),
    contactId: p.uuid(),
    key: p.string(),
    status: p.string().$type<EnrollmentStatus>(),
    node: p.string().nullable(),
    dueAt: p.datetime().nullable(),
    frozenDueAt: p.datetime().nullable(),
    state: p.json().columnType('text').$type<JsonObject>(),
    enteredAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    endReason: p.string().nullable(),
  },
})

export type EnrollmentRow = InferEntity<typeof EnrollmentTable>
