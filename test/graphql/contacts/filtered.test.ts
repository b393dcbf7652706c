import { parse } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { costOf } from '../../../src/graphql/limits.ts'
import { buildApiSchema } from '../../../src/graphql/schema.ts'
import { findContacts } from '../../../src/services/contact-search.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const LIST = `query ($filter: ContactFilter, $first: Int, $after: String, $last: Int, $before: String) {
  contacts(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { externalId } } } }`
const UPSERT = 'mutation ($input: UpsertContactInput!) { upsertContact(input: $input) { contact { id } userErrors { message } } }'
const ADD = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { contact { id } userErrors { message } } }'

async function list(key: string, variables: Record<string, unknown>) {
  const { data, errors } = await api.graphql(key, LIST, variables)
  expect(errors).toBeUndefined()
  return { names: data.contacts.edges.map((edge: { node: { externalId: string } }) => edge.node.externalId), ...data.contacts.pageInfo }
}

/** c-0 to c-11: every third is a vip, every fourth is from Ulm. */
async function crowd(key: string): Promise<void> {
  for (let n = 0; n < 12; n++)
    await api.graphql(key, UPSERT, {
      input: { contact: { externalId: `c-${n}` }, tags: n % 3 === 0 ? ['vip'] : [], attributes: { city: n % 4 === 0 ? 'Ulm' : 'Bonn', n } },
    })
}

test('contacts are found by what they are, and page by page', async () => {
  const { key } = await api.workspace()
  await crowd(key)
  const names = async (matching: object) => (await list(key, { filter: { matching } })).names
  expect(await names({ tag: 'vip' })).toEqual(['c-9', 'c-6', 'c-3', 'c-0'])
  expect(await names({ all: [{ tag: 'vip' }, { attribute: { path: 'city', op: 'EQ', value: 'Ulm' } }] })).toEqual(['c-0'])
  expect(await names({ attribute: { path: '$externalId', op: 'STARTS_WITH', value: 'c-1' } })).toEqual(['c-11', 'c-10', 'c-1'])
  expect(await names({ reachable: 'EMAIL' })).toEqual([])
  const filter = { matching: { tag: 'vip' } }
  const first = await list(key, { filter, first: 3 })
  expect(first).toMatchObject({ names: ['c-9', 'c-6', 'c-3'], hasNextPage: true })
  expect(await list(key, { filter, first: 3, after: first.endCursor })).toMatchObject({ names: ['c-0'], hasNextPage: false })
  const last = await list(key, { filter, last: 3 })
  expect(last).toMatchObject({ names: ['c-6', 'c-3', 'c-0'], hasPreviousPage: true })
  expect(await list(key, { filter, last: 3, before: last.startCursor })).toMatchObject({ names: ['c-9'], hasPreviousPage: false })
})

test('by an address, whole and however it is spelled, whoever they have been merged into', async () => {
  const [{ key }, other] = [await api.workspace(), await api.workspace()]
  await crowd(key)
  await api.graphql(key, ADD, { input: { contact: { externalId: 'c-2' }, channel: 'EMAIL', address: 'Ada@Example.com' } })
  await api.graphql(key, ADD, { input: { contact: { externalId: 'c-3' }, channel: 'SMS', address: '+4915112345678' } })
  await api.graphql(key, ADD, { input: { contact: { externalId: 'c-4' }, channel: 'WHATSAPP', address: '+4915112345678' } })
  await api.graphql(key, ADD, { input: { contact: { anonymousId: 'device' }, channel: 'EMAIL', address: 'grace@example.com' } })
  await api.graphql(key, 'mutation { identifyContact(input: { anonymousId: "device", externalId: "c-5" }) { contact { id } userErrors { code } } }')
  const names = async (filter: object, as = key) => (await list(as, { filter })).names
  expect(await names({ address: ' ada@example.COM' })).toEqual(['c-2'])
  expect(await names({ address: '+49 151 12345678' })).toEqual(['c-4', 'c-3'])
  expect(await names({ address: 'grace@example.com' })).toEqual(['c-5'])
  expect(await names({ address: 'grace@example.com', matching: { tag: 'vip' } })).toEqual([])
  expect(await names({ address: 'ada@example' + '.org' })).toEqual([])
  expect(await names({ address: 'ada@example.com' }, other.key)).toEqual([])
})

test('a page that has looked at enough says where to go on, though nobody was found', async () => {
  const { key, caller } = await api.workspace()
  await crowd(key)
  const vip = { matching: { attribute: { path: 'n', op: 'EQ', value: 5 } } } as const
  const find = (slice: { before: string | null; since?: string | null; oldestFirst?: boolean }) =>
    findContacts(api.services, caller, vip, { first: 3, ...slice }, 4)
  for (const oldestFirst of [false, true]) {
    const found: (string | null | undefined)[] = []
    let [at, pages] = [null as string | null, 0]
    do {
      const { rows, stoppedAt } = await find(oldestFirst ? { before: null, since: at, oldestFirst } : { before: at })
      found.push(...rows.map((row) => row.externalId))
      ;[at, pages] = [stoppedAt, pages + 1]
    } while (at !== null)
    // Twelve contacts by fours, and a look that finds that there are no more.
    expect([found, pages]).toEqual([['c-5'], 4])
  }
})

test('what is wrong is told with its place: a condition of journeys, an unknown member, no address at all', async () => {
  const { key } = await api.workspace()
  const refusal = async (filter: object) => {
    const { errors } = await api.graphql(key, LIST, { filter })
    return [errors?.[0]?.extensions.code, errors?.[0]?.extensions.field, errors?.[0]?.message]
  }
  expect(await refusal({ matching: { goal: 'sale' } })).toEqual([
    'INVALID_INPUT',
    ['filter', 'matching', 'goal'],
    expect.stringContaining('only makes sense inside a journey'),
  ])
  expect(await refusal({ address: 'somewhere' })).toEqual([
    'INVALID_INPUT',
    ['filter', 'address'],
    expect.stringContaining('must be an email address'),
  ])
  expect((await refusal({ matching: { planet: 'Mars' } }))[2]).toContain('is not a condition')
})

test('what takes too long is ended, and said to be too much', async () => {
  const { key, caller } = await api.workspace()
  await crowd(key)
  const client = await database.owner.connect()
  try {
    await client.query('BEGIN; LOCK TABLE channel_identity IN ACCESS EXCLUSIVE MODE')
    await expect(findContacts(api.services, caller, { matching: { reachable: 'email' } }, { first: 3, before: null })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      path: ['filter', 'matching'],
    })
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

test('a filter has its price', () => {
  const schema = buildApiSchema()
  const price = (query: string, variables = {}) => {
    const document = parse(query)
    const [operation] = document.definitions
    if (operation?.kind !== 'OperationDefinition') throw new TypeError('no operation')
    return costOf(schema, document, operation, variables)
  }
  const list = 'query ($f: ContactFilter) { contacts(filter: $f, first: 10) { edges { node { id } } } }'
  expect(price(list, { f: { address: 'a@b.de' } }) - price(list)).toBe(500)
  const many = Array.from({ length: 40 }, (_, n) => `c${n}: contacts(filter: { address: "a@b.de" }) { edges { cursor } }`).join(' ')
  expect(() => price(`{ ${many} }`)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})
