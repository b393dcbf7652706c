import { readFileSync } from 'node:fs'
import { parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { buildApiSchema } from '../../src/graphql/schema.ts'

test('every operation in the README is one the API takes', () => {
  const schema = buildApiSchema()
  const operations = [...readFileSync('README.md', 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  expect(operations.length).toBe(3)
  for (const operation of operations) expect(validate(schema, parse(operation)).map((fault) => fault.message)).toEqual([])
})
