import type { EnrollmentStatus } from '../../domain/journey/enrollment.ts'
import { listEnrollments } from '../../services/enrollments.ts'
import { type Page, type PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { Enrollment, type EnrollmentState } from './types.ts'

interface Which {
  journeyId: string | null
  contactId: string | null
  state: readonly EnrollmentState[] | null | undefined
  node: string | null | undefined
}

/** A page of enrollments, newest first. */
export function enrollmentsPage(context: ApiContext, args: PageArgs, { journeyId, contactId, state, node }: Which): Promise<Page<Enrollment>> {
  const caller = callerWith(context, 'read')
  const status = state == null ? null : [...new Set(state.map((each): EnrollmentStatus => (each === 'WAITING' ? 'ACTIVE' : each)))]
  return pageOf(
    args,
    (slice) => listEnrollments(context.services, caller, { journeyId, contactId, status, node: node ?? null, ...slice }),
    (row) => row.id,
    (row) => new Enrollment(row),
  )
}
