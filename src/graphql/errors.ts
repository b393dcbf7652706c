import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { ERRORS, type ErrorCode, ThroughlineError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { codeOfFault } from '../services/faults.ts'

/** Apollo's own codes for what never came as far as a resolver, in the table's words. */
const OF_APOLLO: Readonly<Record<string, ErrorCode>> = {
  GRAPHQL_PARSE_FAILED: 'INVALID_INPUT',
  GRAPHQL_VALIDATION_FAILED: 'INVALID_INPUT',
  BAD_USER_INPUT: 'INVALID_INPUT',
  BAD_REQUEST: 'INVALID_INPUT',
  OPERATION_RESOLUTION_FAILURE: 'INVALID_INPUT',
}

/** A fault as graphql-js carries it, with the HTTP status it asks for where it ends the whole request. */
export function toGraphQLError(error: ThroughlineError): GraphQLError {
  const headers = new Map<string, string>()
  if (error.code === 'RATE_LIMITED') headers.set('retry-after', String(error.data?.retryAfter ?? 1))
  if (error.code === 'UNAUTHENTICATED') headers.set('www-authenticate', 'Bearer')
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: { code: error.code, http: { status: ERRORS[error.code].http, headers } },
  })
}

function originOf(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError !== undefined) origin = origin.originalError
  return origin
}

/**
 * What leaves the API: a code of the table, never a stack, a statement or the name of anything inside. A fault of
 * ours is logged under the request's id, which the answer carries, too.
 */
export function formatFault(formatted: GraphQLFormattedError, error: unknown, options: { log: Logger; requestId: string }): GraphQLFormattedError {
  const { message, locations, path } = formatted
  const base = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) }
  const origin = originOf(error)
  const apollo = OF_APOLLO[String(formatted.extensions?.code)]
  if (apollo !== undefined && !(origin instanceof ThroughlineError)) return { message, ...base, extensions: { code: apollo } }
  if (origin instanceof GraphQLError) return { message, ...base, extensions: { code: 'INVALID_INPUT' } }
  const code = codeOfFault(origin)
  if (origin instanceof ThroughlineError && code !== 'INTERNAL') {
    const data = code === 'RATE_LIMITED' || code === 'LIMIT_EXCEEDED' ? origin.data : undefined
    return { message: origin.message, ...base, extensions: { code, ...(origin.path ? { field: origin.path } : {}), ...data } }
  }
  options.log.error({ error: origin, requestId: options.requestId, path }, 'a request failed')
  return { message: ERRORS[code].message, ...base, extensions: { code, requestId: options.requestId } }
}
