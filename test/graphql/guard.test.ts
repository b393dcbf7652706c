import {
  type ExecutionResult,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  parse,
  subscribe,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApiSchema } from '../../src/graphql/schema.ts'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
let key: string
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
  key = (await api.workspace()).key
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const SAMPLES: Record<string, unknown> = {
  Boolean: true,
  Condition: { tag: 'x' },
  DateTime: '2026-01-02T03:04:05Z',
  Decimal: '1',
  Duration: 'PT1M',
  Float: 1,
  ID: 'x',
  Int: 1,
  JSON: 'x',
  JSONObject: {},
  PropertyFilter: [],
  String: 'x',
  TimeZone: 'UTC',
  URL: 'https://example.com',
}
/** Scalars that take any text, as a value that holds one and the way to it. */
const FREE: Record<string, (text: string) => [unknown, string[]]> = {
  ID: (text) => [text, []],
  JSON: (text) => [{ a: [text] }, ['a', '0']],
  JSONObject: (text) => [{ a: { b: text } }, ['a', 'b']],
  String: (text) => [text, []],
}

type Fields = readonly (GraphQLInputField | GraphQLArgument)[]
const fieldsOf = (type: GraphQLInputType): Fields => {
  const named = getNamedType(type)
  return isInputObjectType(named) ? Object.values(named.getFields()) : []
}

/** Ways to every place in an input where free text may stand. */
function waysIn(type: GraphQLInputType, seen: readonly string[] = []): string[][] {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return waysIn(nullable.ofType, seen).map((way) => ['0', ...way])
  const { name } = getNamedType(type)
  if (name in FREE) return [[]]
  if (seen.includes(name)) return []
  return fieldsOf(type).flatMap((field) => waysIn(field.type, [...seen, name]).map((way) => [field.name, ...way]))
}

/** The least value of a type that has `text` at the end of the way; and the whole way to it. */
function build(type: GraphQLInputType, way: readonly string[] | null, text: string): [unknown, string[]] {
  const nullable = getNullableType(type)
  if (isListType(nullable)) {
    if (way === null) return [[], []]
    const [value, rest] = build(nullable.ofType, way.slice(1), text)
    return [[value], ['0', ...rest]]
  }
  const named = getNamedType(type)
  if (isEnumType(named)) return [named.getValues()[0]?.name, []]
  if (!isInputObjectType(named)) return way === null ? [SAMPLES[named.name], []] : (FREE[named.name]?.(text) ?? [null, []])
  return collect(fieldsOf(type), way, text, named.isOneOf)
}

function collect(fields: Fields, way: readonly string[] | null, text: string, oneOf = false): [Record<string, unknown>, string[]] {
  const value: Record<string, unknown> = {}
  let whole: string[] = []
  for (const field of fields) {
    if (way !== null && field.name === way[0]) {
      const [inner, rest] = build(field.type, way.slice(1), text)
      value[field.name] = inner
      whole = [field.name, ...rest]
    } else if (oneOf ? way === null && Object.keys(value).length === 0 : isNonNullType(field.type) && field.defaultValue === undefined) {
      value[field.name] = build(field.type, null, text)[0]
    }
  }
  return [value, whole]
}

const schema = buildApiSchema()
const UNSTORABLE = ['a\u0000b', 'a\ud800']

describe.each(Object.values(schema.getMutationType()?.getFields() ?? {}))('$name', (mutation) => {
  const [input] = mutation.args
  const type = input?.type as GraphQLInputType
  test.each(waysIn(type).map((way) => [way.join('.'), way] as const))('%s', async (_name, way) => {
    const own = mutation.name === 'ingestEvents' ? 'rejected { code path }' : ''
    const query = `mutation ($input: ${type}) { it: ${mutation.name}(input: $input) { ${own} userErrors { code path } } }`
    for (const text of UNSTORABLE) {
      const [value, path] = build(type, way, text)
      const { data, errors } = await api.graphql(mutation.name === 'createWorkspace' ? 'admin-key' : key, query, { input: value })
      expect(errors).toBeUndefined()
      if (mutation.name === 'ingestEvents') expect(data.it.rejected).toMatchObject([{ code: 'INVALID_INPUT' }])
      else expect(data.it.userErrors).toEqual([{ code: 'INVALID_INPUT', path }])
    }
  })
})

/** Those that text can be given to. */
const queries = Object.values(schema.getQueryType()?.getFields() ?? {}).filter((query) => query.args.some((arg) => waysIn(arg.type).length > 0))
describe.each(queries)('$name', (query) => {
  const ways = query.args.flatMap((arg) => waysIn(arg.type).map((way) => [arg.name, ...way]))
  test.each(ways.map((way) => [way.join('.'), way] as const))('%s', async (_name, way) => {
    const args = query.args.filter((arg) => arg.name in collect(query.args, way, '')[0])
    const declared = args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')
    const given = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
    const set = isCompositeType(getNamedType(query.type)) ? '{ __typename }' : ''
    for (const text of UNSTORABLE) {
      const [variables, path] = collect(query.args, way, text)
      const { errors } = await api.graphql(key, `query (${declared}) { it: ${query.name}(${given}) ${set} }`, variables)
      expect(errors?.map((each) => each.extensions)).toEqual([{ code: 'INVALID_INPUT', field: path }])
      expect(errors?.map((each) => each.path)).toEqual([['it']])
    }
  })
})

test('arguments of a field, and of a subscription, are asked, too', async () => {
  await api.graphql(key, 'mutation { upsertContact(input: { contact: { externalId: "u" } }) { contact { id } } }')
  const query = 'query ($name: String) { contact(ref: { externalId: "u" }) { events(name: $name) { edges { cursor } } } }'
  const { errors } = await api.graphql(key, query, { name: 'a\u0000' })
  expect(errors?.map((each) => each.extensions)).toEqual([{ code: 'INVALID_INPUT', field: ['name'] }])
  expect(errors?.[0]?.path).toEqual(['contact', 'events'])
  const document = parse('subscription ($id: ID!) { journeyProgress(journeyId: $id) { at } }')
  const answer = (await subscribe({ schema, document, variableValues: { id: '\ud800' } })) as ExecutionResult
  expect(answer.errors?.[0]).toMatchObject({ path: ['journeyProgress'], originalError: { code: 'INVALID_INPUT', path: ['journeyId'] } })
})
