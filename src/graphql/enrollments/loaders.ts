import DataLoader from 'dataloader'
import { enrollmentsByIds } from '../../services/enrollments.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import type { EnrollmentEntry } from './types.ts'

const ENROLLMENTS = Symbol('enrollments')

/** null for one that is not there. */
export function enrollmentLoader(context: ApiContext): DataLoader<string, EnrollmentEntry | null> {
  return loaderOf(
    context,
    ENROLLMENTS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await enrollmentsByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}
