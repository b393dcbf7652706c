import { durationMillis } from './duration.ts'
import type { Variables } from './facts.ts'
import { hashFraction } from './hash.ts'
import { isStorableJson, type Json, readPath } from './json.ts'

/** What a call of a webhook node takes for success, when it tries again, and what it keeps. */
export interface AnswerRules {
  /** Statuses that are success: `200`, `2xx`, `200-204`; any 2xx where left out. */
  success?: string[]
  retries?: { times: number; pause?: string }
  variables?: { name: string; from: string }[]
}

/** What one request came to. `retryAfter` is the answer's, in milliseconds. `sent` false: certainly nothing was written. */
export type CallResult =
  | { type: 'answer'; status: number; headers: Readonly<Record<string, string>>; body: string; retryAfter: number | null }
  | { type: 'fault'; code: string; message: string; permanent: boolean }

/** What follows from it: another request after `pause` milliseconds, or the way out by a port with what the enrollment keeps. */
export type CallVerdict =
  | { type: 'retry'; pause: number; code: string; message: string }
  | { type: 'leave'; port: 'success' | 'error'; vars: Variables; code: string | null; message: string | null }

const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429])
const LONGEST_PAUSE = 3_600_000
/** Characters of JSON: variables travel with every step of the enrollment. */
const LARGEST_VARIABLES = 16_384

/**
 * Judges attempt n (from 1) of the call with this id. An answer whose status is neither success nor worth another try (408, 425,
 * 429, 5xx) leaves by `error` at once; so does a fault that would come back. Of an answer every
 * variable is told, as null where there is no such thing in it; where there was none, or it is too much, none is.
 */
export function judgeCall(rules: AnswerRules, id: string, attempt: number, result: CallResult): CallVerdict {
  const fault = result.type === 'fault' ? result : faultOf(rules, result)
  if (result.type === 'answer' && fault === null) {
    const vars = mapAnswer(rules, result)
    if (vars !== null) return { type: 'leave', port: 'success', vars, code: null, message: null }
    const message = 'what is to be kept of the answer is too large, or holds NUL or half a surrogate pair'
    return { type: 'leave', port: 'error', vars: {}, code: 'ANSWER_NOT_KEPT', message }
  }
  const { code, message, permanent } = fault ?? { code: 'INTERNAL', message: '', permanent: true }
  if (!permanent && attempt <= (rules.retries?.times ?? 0)) {
    const told = result.type === 'answer' ? (result.retryAfter ?? 0) : 0
    return { type: 'retry', pause: Math.min(LONGEST_PAUSE, Math.max(pauseAfter(rules, id, attempt), told)), code, message }
  }
  const vars = (result.type === 'answer' ? mapAnswer(rules, result) : null) ?? {}
  return { type: 'leave', port: 'error', vars, code, message }
}

function faultOf(rules: AnswerRules, { status }: { status: number }): { code: string; message: string; permanent: boolean } | null {
  if (isSuccess(rules, status)) return null
  return { code: `HTTP_${status}`, message: `answered ${status}`, permanent: status < 500 && !TRY_AGAIN.has(status) }
}

function isSuccess({ success = ['2xx'] }: AnswerRules, status: number): boolean {
  return success.some((range) => {
    if (range.endsWith('xx')) return String(status)[0] === range[0]
    const [from, to = from] = range.split('-').map(Number)
    return status >= (from ?? 0) && status <= (to ?? 0)
  })
}

/** Doubling from the node's own pause, at most an hour, spread by ± 25 % from the call's hash. */
function pauseAfter({ retries }: AnswerRules, id: string, attempt: number): number {
  const first = retries?.pause === undefined ? 1_000 : durationMillis(retries.pause)
  return Math.round(Math.min(LONGEST_PAUSE, first * 2 ** Math.min(attempt - 1, 20)) * (0.75 + 0.5 * hashFraction(id, String(attempt))))
}

/** The variables of an answer; null where they are more than an enrollment may carry, or nothing PostgreSQL can keep. */
function mapAnswer(rules: AnswerRules, answer: Extract<CallResult, { type: 'answer' }>): Variables | null {
  const wanted = rules.variables ?? []
  if (wanted.length === 0) return {}
  const source = { status: answer.status, headers: { ...answer.headers }, body: parsed(answer.body) }
  const vars = Object.fromEntries(wanted.map(({ name, from }) => [name, readPath(source, from) ?? null]))
  return JSON.stringify(vars).length <= LARGEST_VARIABLES && isStorableJson(vars) ? vars : null
}

/** What is no JSON is text. */
function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch {
    return body
  }
}
