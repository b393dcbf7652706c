import { expect, test } from 'vitest'
import type { Comparison, Operator } from '../../../src/domain/condition/condition.ts'
import { comparisonSql } from '../../../src/domain/condition/sql-compare.ts'

// What the expressions mean is held against the closures in sql.test.ts, on PostgreSQL.
function sql(comparison: Comparison) {
  const values: unknown[] = []
  const text = comparisonSql('c.attributes', comparison, (value, type) => `$${values.push(value)}::${type}`, 1_000_000_000)
  return { text, values }
}

test('orders text by its bytes, whatever the collation of the database', () => {
  expect(sql({ op: 'GT', value: 'b' }).text).toContain(`(v.j #>> '{}') COLLATE "C" > $1::text`)
})

test('a contrary is the negation of the whole', () => {
  expect(sql({ op: 'NOT_IN', value: [1] }).text).toBe(`(NOT ${sql({ op: 'IN', value: [1] }).text})`)
})

test.each<Comparison>([
  { op: 'GT', value: true },
  { op: 'IN', value: 'a' },
  { op: 'STARTS_WITH', value: 1 },
  { op: 'AFTER', value: 'soon' },
  { op: 'WITHIN_LAST', value: 'a week' },
  { op: 'toString' as Operator, value: 'a' },
])('what cannot hold is false, and asks for nothing: %j', (comparison) => {
  expect(sql(comparison)).toEqual({ text: `(SELECT false FROM (SELECT coalesce(c.attributes, 'null'::jsonb) AS j) AS v)`, values: [] })
})

test('a window is two numbers of milliseconds', () => {
  expect(sql({ op: 'WITHIN_LAST', value: 'P1D' }).values).toEqual([1_000_000_000 - 86_400_000, 1_000_000_000])
})
