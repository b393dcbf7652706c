import { readFileSync } from 'node:fs'
import { parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { buildApiSchema } from '../../src/graphql/schema.ts'

const schema = buildApiSchema()
const faultsOf = (operation: string) => validate(schema, parse(operation)).map((fault) => fault.message)

test('every operation in the README is one the API takes', () => {
  const operations = [...readFileSync('README.md', 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].map((match) => match[1] ?? '')
  expect(operations.length).toBe(4)
  for (const operation of operations) expect(faultsOf(operation)).toEqual([])
})

test('and so is every operation that the start prints, and that the examples send', () => {
  const printed = [...readFileSync('src/start.ts', 'utf8').matchAll(/^ {2}((?:query|mutation|subscription) \{.*\})$/gm)].map(([, text]) => text ?? '')
  const sent = ['page.js', 'service-worker.js'].flatMap((file) =>
    [...readFileSync(`examples/web-push/${file}`, 'utf8').matchAll(/`((?:query|mutation|subscription) [^`]*)`/g)].map(([, text]) => text ?? ''),
  )
  expect([printed.length, sent.length]).toEqual([4, 4])
  for (const operation of [...printed, ...sent]) expect([operation, faultsOf(operation)]).toEqual([operation, []])
})
