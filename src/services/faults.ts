import { type ErrorCode, ThroughlineError } from '../errors.ts'
import { isDatabaseAway } from '../store/sql.ts'

/** The code under which a fault leaves the API. */
export function codeOfFault(error: unknown): ErrorCode {
  if (error instanceof ThroughlineError) return error.code
  return isDatabaseAway(error) ? 'UNAVAILABLE' : 'INTERNAL'
}
