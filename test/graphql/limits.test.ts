import { getOperationAST, parse } from 'graphql'
import { expect, test } from 'vitest'
import { checkSize, costOf, LIMITS } from '../../src/graphql/limits.ts'
import { buildApiSchema } from '../../src/graphql/schema.ts'

const schema = buildApiSchema()

function cost(query: string, variables: Record<string, unknown> = {}): number {
  const document = parse(query)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('no operation')
  return costOf(schema, document, operation, variables)
}

const refused = (what: string) => expect.objectContaining({ code: 'LIMIT_EXCEEDED', data: expect.objectContaining({ limit: what }) })
function fault(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('a page costs what it may hold, whether its size stands in the document, in a variable or nowhere', () => {
  const page = (first: string) => `query ($n: Int) { contacts(${first}) { edges { node { id } } } }`
  // 1 for the operation, 1 for the connection, and per contact an edge with its node.
  const of = (first: number) => 1 + 1 + first * 2
  expect(cost(page('first: 5'))).toBe(of(5))
  expect(cost(page('first: $n'), { n: 50 })).toBe(of(50))
  expect(cost(page('after: "x"'))).toBe(of(20))
  expect(cost(page('first: 1000000'))).toBe(of(100))
  expect(cost(page('first: -5'))).toBe(of(1))
})

test('pages inside pages multiply, through fragments too, and are refused above the limit', () => {
  const nested = `query ($n: Int) { contacts(first: $n) { edges { node { ...c } } } } fragment c on Contact { events(first: $n) { edges { node { id } } } }`
  expect(cost(nested, { n: 2 })).toBe(1 + 1 + 2 * (1 + 1 + 1 + 2 * 2))
  expect(fault(() => cost(nested, { n: 100 }))).toEqual(refused('cost'))
})

test('a list without pages is taken to be ten long', () => {
  expect(cost('{ contacts(first: 3) { edges { node { identities { id } } } } }')).toBe(1 + 1 + 3 * (1 + 1 + 1 + 10 * 0))
  expect(cost('{ contacts(first: 3) { edges { node { consents { topic { id } } } } } }')).toBe(1 + 1 + 3 * (1 + 1 + 1 + 10 * 1))
})

test('lists that are sent in cost a tenth an entry, inline or in variables', () => {
  const query = 'mutation ($input: IngestEventsInput!) { ingestEvents(input: $input) { accepted } }'
  const events = Array.from({ length: 1_000 }, () => ({}))
  expect(cost(query, { input: { events } })).toBe(1 + 100 + 1)
  expect(cost(query, { input: { events: [] } })).toBe(1 + 0 + 1)
  expect(cost('mutation { ingestEvents(input: { events: [{}, {}, {}] }) { accepted } }')).toBe(1 + 1 + 1)
})

test('what is sent in may be nested, but not so deep that walking it runs out of stack', () => {
  const query = 'mutation ($a: JSONObject) { upsertContact(input: { contact: { externalId: "u" }, attributes: $a }) { userErrors { code } } }'
  const nested = (n: number) => JSON.parse(`${'{"a":['.repeat(n / 2)}${']}'.repeat(n / 2)}`)
  expect(cost(query, { a: nested(LIMITS.nesting) })).toBe(1 + 1 + 25 + 1)
  expect(fault(() => cost(query, { a: nested(LIMITS.nesting + 2) }))).toEqual(refused('nesting'))
  expect(fault(() => cost(query, { a: nested(100_000) }))).toEqual(refused('nesting'))
})

test('depth, aliases, directives and fields are counted with fragments spread out', () => {
  const deep = (n: number) => `{ ${'a { '.repeat(n - 1)} b ${'}'.repeat(n - 1)} }`
  expect(fault(() => checkSize(parse(deep(LIMITS.depth))))).toBeUndefined()
  expect(fault(() => checkSize(parse(deep(LIMITS.depth + 1))))).toEqual(refused('depth'))
  const many = (n: number, each: (i: number) => string) => `{ ${Array.from({ length: n }, (_, i) => each(i)).join(' ')} }`
  expect(fault(() => checkSize(parse(many(LIMITS.aliases, (i) => `a${i}: x`))))).toBeUndefined()
  expect(fault(() => checkSize(parse(many(LIMITS.aliases + 1, (i) => `a${i}: x`))))).toEqual(refused('aliases'))
  expect(fault(() => checkSize(parse(`{ x ${'@include(if: true) '.repeat(LIMITS.directives + 1)} }`)))).toEqual(refused('directives'))
  expect(fault(() => checkSize(parse(many(LIMITS.fields + 1, () => 'x'))))).toEqual(refused('fields'))
})

test('fragments that double at every step are refused without being spread out; cycles end', () => {
  const doubling = Array.from({ length: 40 }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(' ')
  expect(fault(() => checkSize(parse(`{ ...f0 } ${doubling} fragment f40 on Query { __typename }`)))).toEqual(refused('fields'))
  expect(fault(() => checkSize(parse('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }')))).toBeUndefined()
})
