/**
 * Every error code there is, and what it means. `docs/errors.md` is this table for readers; a test holds
 * the two against each other both ways. `http` is the status where the fault leaves GraphQL's door.
 */
export const ERRORS = {
  INVALID_INPUT: { http: 400, message: 'A value is missing, malformed or out of range; `path` names the field.' },
  UNAUTHENTICATED: { http: 401, message: 'No valid API key or contact token came with the request.' },
  FORBIDDEN: { http: 403, message: 'The key is valid but lacks the scope this needs.' },
  NOT_FOUND: { http: 404, message: 'Nothing with this id is visible to the caller.' },
  CONFLICT: { http: 409, message: 'The thing is in a state that does not allow this, or has changed meanwhile.' },
  IDEMPOTENCY_CONFLICT: { http: 409, message: 'This idempotencyKey was used before with another body.' },
  JOURNEY_INVALID: { http: 422, message: 'The graph has problems; each names its node and field.' },
  TEMPLATE_INVALID: { http: 422, message: 'The template does not parse or lacks what its channel needs.' },
  DUPLICATE: { http: 409, message: 'The same thing is there already.' },
  LIMIT_EXCEEDED: { http: 413, message: 'The request is larger, deeper or costlier than allowed; it was not run.' },
  RATE_LIMITED: { http: 429, message: 'The key has used up its allowance; retry after the given time.' },
  SIGNATURE_INVALID: { http: 403, message: 'A webhook was not signed by the provider it claims to come from.' },
  ADDRESS_REFUSED: { http: 422, message: 'An outgoing request would not go to a public address, or not over https.' },
  UNAVAILABLE: { http: 503, message: 'The database cannot be reached just now; retry.' },
  CONFIG_INVALID: { http: 500, message: 'An environment variable is missing or malformed.' },
  INTERNAL: { http: 500, message: 'A fault of ours; the log has it under the request id.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** The one error class: a code from the table, a message for people, and the path to the field at fault. */
export class ThroughlineError extends Error {
  readonly code: ErrorCode
  readonly path: readonly string[] | undefined
  readonly data: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message?: string, options: { path?: readonly string[]; data?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message ?? ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ThroughlineError'
    this.code = code
    this.path = options.path
    this.data = options.data
  }
}
