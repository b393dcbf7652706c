import { durationMillis, parseDuration } from '../duration.ts'
import { INSTANT_PATTERN, parseInstant } from '../instant.ts'
import type { Json } from '../json.ts'
import { type PositiveOperator, withoutNegation } from './compare.ts'
import type { Comparison } from './condition.ts'
import type { Bind } from './sql-path.ts'

/** `comparator` in SQL: a boolean, never null, on a jsonb expression that may be. Guards stand in CASE, whose order is kept. */
export function comparisonSql(expression: string, comparison: Comparison, bind: Bind, now: number): string {
  const { positive, negated } = withoutNegation(comparison.op)
  const test = Object.hasOwn(POSITIVE, positive) ? POSITIVE[positive](comparison.value ?? null, bind, now) : 'false'
  const holds = `(SELECT ${test} FROM (SELECT coalesce(${expression}, 'null'::jsonb) AS j) AS v)`
  return negated ? `(NOT ${holds})` : holds
}

/** The value as text, by the order of its bytes: the database's own collation is anybody's. */
const TEXT = `(v.j #>> '{}') COLLATE "C"`
const isType = (type: string, then: string) => `(CASE WHEN jsonb_typeof(v.j) = '${type}' THEN ${then} ELSE false END)`
const json = (value: Json, bind: Bind) => bind(JSON.stringify(value), 'jsonb')

const POSITIVE: Record<PositiveOperator, (operand: Json, bind: Bind, now: number) => string> = {
  EQ: (operand, bind) => `v.j = ${json(operand, bind)}`,
  GT: ordered('>'),
  GTE: ordered('>='),
  LT: ordered('<'),
  LTE: ordered('<='),
  IN: (operand, bind) => (Array.isArray(operand) ? `v.j IN (SELECT jsonb_array_elements(${json(operand, bind)}))` : 'false'),
  CONTAINS: (operand, bind) => {
    const entries = `jsonb_array_elements(CASE WHEN jsonb_typeof(v.j) = 'array' THEN v.j ELSE '[]' END) AS e(j)`
    const listed = `EXISTS (SELECT 1 FROM ${entries} WHERE e.j = ${json(operand, bind)})`
    return typeof operand === 'string' ? `(${listed} OR ${isType('string', `strpos(${TEXT}, ${bind(operand, 'text')}) > 0`)})` : listed
  },
  STARTS_WITH: (operand, bind) => (typeof operand === 'string' ? isType('string', `starts_with(${TEXT}, ${bind(operand, 'text')})`) : 'false'),
  ENDS_WITH: (operand, bind) => {
    if (typeof operand !== 'string') return 'false'
    const end = bind(operand, 'text')
    return isType('string', `right(${TEXT}, length(${end})) = ${end}`)
  },
  EXISTS: () => `v.j <> 'null'::jsonb`,
  BEFORE: dated('<'),
  AFTER: dated('>'),
  WITHIN_LAST: (operand, bind, now) => {
    if (typeof operand !== 'string' || parseDuration(operand) === null) return 'false'
    const start = bind(now - durationMillis(operand), 'numeric')
    return `coalesce(${INSTANT} >= ${start} AND ${INSTANT} <= ${bind(now, 'numeric')}, false)`
  },
}

function ordered(operator: string) {
  return (operand: Json, bind: Bind): string => {
    if (typeof operand === 'number') return isType('number', `(v.j #>> '{}')::numeric ${operator} ${bind(operand, 'numeric')}`)
    if (typeof operand === 'string') return isType('string', `${TEXT} ${operator} ${bind(operand, 'text')}`)
    return 'false'
  }
}

function dated(operator: string) {
  return (operand: Json, bind: Bind): string => {
    const limit = parseInstant(operand)
    return limit === null ? 'false' : `coalesce(${INSTANT} ${operator} ${bind(limit, 'numeric')}, false)`
  }
}

/**
 * `parseInstant` in SQL: Unix milliseconds of `v.j` as numeric, else null. UTC is added where the text names no zone and what
 * is finer than milliseconds is cut off first, because PostgreSQL would read it in the session's zone and round.
 */
const INSTANT = (() => {
  const text = `(v.j #>> '{}')`
  const zoned = `CASE WHEN ${text} ~ 'T.*(Z|[+-][0-9]{2}:?[0-9]{2})$' THEN ${text} ELSE ${text} || 'Z' END`
  const cut = `regexp_replace(${zoned}, '([.][0-9]{3})[0-9]+', '\\1')`
  const sound = `${text} COLLATE "C" ~ '${INSTANT_PATTERN}' AND ${text} COLLATE "C" >= '0100' AND is_instant(${cut})`
  const parsed = `CASE WHEN ${sound} THEN floor(extract(epoch FROM (${cut})::timestamptz) * 1000) END`
  return `(CASE jsonb_typeof(v.j) WHEN 'number' THEN ${text}::numeric WHEN 'string' THEN ${parsed} END)`
})()
