import { fixedMillis, parseDuration } from '../duration.ts'
import { parseInstant } from '../instant.ts'
import type { Json } from '../json.ts'
import type { Comparison, Operator } from './condition.ts'

/** The operators that are another one's contrary; everything else is decided by the positive one alone. */
export const CONTRARIES = {
  NEQ: 'EQ',
  NOT_IN: 'IN',
  NOT_CONTAINS: 'CONTAINS',
  NOT_EXISTS: 'EXISTS',
  NOT_WITHIN_LAST: 'WITHIN_LAST',
} as const satisfies Partial<Record<Operator, Operator>>
type Contrary = keyof typeof CONTRARIES
export type PositiveOperator = Exclude<Operator, Contrary>

/** The operator without its negation, and whether it had one. */
export function withoutNegation(op: Operator): { positive: PositiveOperator; negated: boolean } {
  return Object.hasOwn(CONTRARIES, op)
    ? { positive: CONTRARIES[op as Contrary], negated: true }
    : { positive: op as PositiveOperator, negated: false }
}

/** A value compared at an instant (Unix milliseconds). */
export type Comparator = (value: Json | undefined, now: number) => boolean

/**
 * A comparison made ready, total over all JSON. What is missing counts as null. Types never convert: where they do not
 * fit the operator the answer is false, and so the contrary operators' is true («not within the last week» holds for who
 * never did). Text compares by code point and letter case counts.
 */
export function comparator(comparison: Comparison): Comparator {
  const { positive, negated } = withoutNegation(comparison.op)
  const holds = Object.hasOwn(POSITIVE, positive) ? POSITIVE[positive](comparison.value ?? null) : () => false
  return negated ? (value, now) => !holds(value ?? null, now) : (value, now) => holds(value ?? null, now)
}

/** One comparison, made ready and used once. */
export function compare(value: Json | undefined, comparison: Comparison, now: number): boolean {
  return comparator(comparison)(value, now)
}

type Ready = (value: Json, now: number) => boolean

const POSITIVE: Record<PositiveOperator, (operand: Json) => Ready> = {
  EQ: (operand) => (typeof operand === 'object' && operand !== null ? (value) => sameJson(value, operand) : (value) => value === operand),
  GT: ordered((sign) => sign > 0),
  GTE: ordered((sign) => sign >= 0),
  LT: ordered((sign) => sign < 0),
  LTE: ordered((sign) => sign <= 0),
  IN: (operand) => (Array.isArray(operand) ? (value) => operand.some((each) => sameJson(value, each)) : () => false),
  CONTAINS: (operand) => (value) => {
    if (Array.isArray(value)) return value.some((each) => sameJson(each, operand))
    return typeof value === 'string' && typeof operand === 'string' && value.includes(operand)
  },
  STARTS_WITH: (operand) => (value) => typeof value === 'string' && typeof operand === 'string' && value.startsWith(operand),
  ENDS_WITH: (operand) => (value) => typeof value === 'string' && typeof operand === 'string' && value.endsWith(operand),
  EXISTS: () => (value) => value !== null,
  BEFORE: dated((at, limit) => at < limit),
  AFTER: dated((at, limit) => at > limit),
  WITHIN_LAST: (operand) => {
    const length = typeof operand === 'string' ? parseDuration(operand) : null
    if (length === null) return () => false
    const millis = fixedMillis(length)
    return (value, now) => {
      const at = parseInstant(value)
      return at !== null && at >= now - millis && at <= now
    }
  },
}

function ordered(accept: (sign: number) => boolean): (operand: Json) => Ready {
  return (operand) => {
    if (typeof operand === 'number') return (value) => typeof value === 'number' && accept(value - operand)
    if (typeof operand === 'string') return (value) => typeof value === 'string' && accept(compareText(value, operand))
    return () => false
  }
}

function dated(accept: (at: number, limit: number) => boolean): (operand: Json) => Ready {
  return (operand) => {
    const limit = parseInstant(operand)
    if (limit === null) return () => false
    return (value) => {
      const at = parseInstant(value)
      return at !== null && accept(at, limit)
    }
  }
}

/**
 * By code point: the order of UTF-8 bytes and so of PostgreSQL's "C" collation. JavaScript's own `<` compares UTF-16
 * units and puts an emoji before U+FFFD.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Moves surrogates, which stand for everything past U+FFFF, behind the rest of the plane. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Deep equality; the order of an object's keys is nothing. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, index) => sameJson(each, b[index] ?? null))
  }
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null))
}
