import { expect, test } from 'vitest'
import { readPathSql } from '../../../src/domain/condition/sql-path.ts'

function sql(path: string) {
  const values: unknown[] = []
  return { text: readPathSql('c.attributes', path, (value, type) => `$${values.push(value)}::${type}`), values }
}

test('a path is one parameter', () => {
  expect(sql("a.0.'; --")).toEqual({ text: '(c.attributes #> $1::text[])', values: [['a', '0', "'; --"]] })
})

test('what only PostgreSQL takes for a place in a list must be the key of an object', () => {
  expect(sql('a.-1')).toEqual({
    text: `(CASE WHEN jsonb_typeof(c.attributes #> $2::text[]) = 'object' THEN (c.attributes #> $1::text[]) END)`,
    values: [['a', '-1'], ['a']],
  })
})
