import type { IdentityStatus } from '../domain/channel.ts'
import type { ProviderCallback, SendOutcome } from '../domain/delivery.ts'
import { type Exchange, ExchangeError } from './http.ts'

/** What one of a provider's own codes means. `message` is ours: theirs quote addresses. */
export interface FailureRule {
  as: 'retry' | 'permanent' | 'ambiguous'
  message: string
  identity?: Exclude<IdentityStatus, 'ACTIVE'>
  optedOut?: boolean
  /** Reported of a message that was accepted: worth sending once more. */
  again?: true
  /** Milliseconds, where the answer has no Retry-After. */
  retryAfter?: number
  /** Ambiguous, but a Retry-After shows that it was turned away at the door. */
  retryWhenTold?: boolean
}

export type FailureTable = Readonly<Record<string, FailureRule>>

/** What the provider's answer said, in its own words. */
export interface ProviderFault {
  code: string | null
  message: string | null
}

const AUTH_PAUSE = 60_000
const LONGEST_PAUSE = 24 * 3_600_000

/**
 * The class of an exchange that was no success. The provider's own code decides where the table knows it; an unknown
 * one falls back to the HTTP status, so that a new code is a wrong guess at worst, never a crash:
 * - nothing was sent, 429: retry (the latter after Retry-After).
 * - 401, 403: retry after a minute under the code AUTH. The provider refused before acting, and what waits while a
 *   key is being rotated must go out afterwards rather than be lost; the circuit breaker watches the code.
 * - 408, 5xx, no or half an answer: ambiguous. A 503 can be a proxy's word about a request its back end has taken.
 * - any other status: permanent.
 */
export function classify(exchange: Exchange, table: FailureTable, readFault: (body: string) => ProviderFault): SendOutcome {
  if (exchange.type === 'unanswered') return { type: 'ambiguous', code: exchange.code, message: scrub(exchange.message) }
  if (exchange.type === 'unsent') {
    // A header or URL that undici refuses to write will be refused every time.
    const type = ['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'ADDRESS_REFUSED'].includes(exchange.code) ? 'permanent' : 'retry'
    return { type, code: exchange.code, message: scrub(exchange.message) }
  }
  const { status, headers, body } = exchange
  const fault = readFault(body)
  const told = retryAfter(headers['retry-after'])
  const rule = fault.code !== null && Object.hasOwn(table, fault.code) ? table[fault.code] : undefined
  if (rule && fault.code !== null) return applyRule(fault.code, rule, told)
  const message = scrub(fault.message ?? `HTTP status ${status}`)
  const code = fault.code ?? `HTTP_${status}`
  if (status === 429) return { type: 'retry', code: 'RATE_LIMITED', message, ...(told === null ? {} : { retryAfter: told }) }
  if (status === 401 || status === 403) return { type: 'retry', code: 'AUTH', message, retryAfter: Math.max(AUTH_PAUSE, told ?? 0) }
  if (status >= 500 || status === 408 || status < 300) return { type: 'ambiguous', code, message }
  return { type: 'permanent', code, message }
}

/** The outcome a table's rule gives. `told` is the answer's Retry-After in milliseconds. */
export function applyRule(code: string, rule: FailureRule, told: number | null = null): SendOutcome {
  const { message } = rule
  if (rule.as === 'retry' || (rule.retryWhenTold && told !== null)) {
    const pause = told ?? rule.retryAfter
    return { type: 'retry', code, message, ...(pause === undefined ? {} : { retryAfter: pause }) }
  }
  if (rule.as === 'ambiguous') return { type: 'ambiguous', code, message }
  return { type: 'permanent', code, message, ...(rule.identity ? { identity: rule.identity } : {}), ...(rule.optedOut ? { optedOut: true } : {}) }
}

type StatusCallback = Extract<ProviderCallback, { type: 'status' }>

/**
 * A status with the code that came with it. Where the provider knew before us that the person wants no more, it is two: this
 * message failed, and they are not to get another. What is worth sending once more must name the attempt it is about.
 */
export function failureReports(base: StatusCallback, code: string, rule: FailureRule): StatusCallback[] {
  const failure = {
    ...base,
    code,
    detail: rule.message,
    ...(rule.identity ? { identity: rule.identity } : {}),
    ...(rule.again && base.attempt !== undefined ? { again: true } : {}),
  }
  return rule.optedOut ? [failure, { ...base, providerEventId: `${base.providerMessageId}:optout`, status: 'UNSUBSCRIBED', code }] : [failure]
}

/**
 * The outcome of whatever an SDK threw: an exchange of ours, or the SDK's own complaint about the message, which it
 * makes before it asks its HTTP client, so nothing was sent and nothing else would help.
 */
export function classifyThrown(error: unknown, table: FailureTable, readFault: (body: string) => ProviderFault): SendOutcome {
  if (error instanceof ExchangeError) return classify(error.exchange, table, readFault)
  return { type: 'permanent', code: 'INVALID_MESSAGE', message: scrub(error instanceof Error ? error.message : 'The message cannot be built.') }
}

/** Milliseconds of a Retry-After header, seconds or HTTP date (RFC 9110 §10.2.3), at most a day; null where there is none. */
export function retryAfter(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null
  const millis = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(millis) ? Math.min(Math.max(millis, 0), LONGEST_PAUSE) : null
}

/** Characters: the expressions below take the square of what they read, and some servers are a workspace's own. */
const LONGEST_READ = 1_000

/** Takes addresses out of a provider's words, which end up in traces and logs. */
export function scrub(text: string): string {
  return text
    .slice(0, LONGEST_READ)
    .replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>')
    .replace(/\+\d[\d\s().-]{5,}\d|\(?\b\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b|\d{7,}/g, '<number>')
    .replace(/[\w:-]{40,}/g, '<token>')
    .slice(0, 300)
}
