import {
  type GraphQLArgument,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildApiSchema } from '../../../src/graphql/schema.ts'
import { CONTACT_FIELDS } from '../../../src/graphql/workspace/contact-access.ts'
import { type Answer, startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

const schema = buildApiSchema()
const DEVICE = `device-${'x'.repeat(40)}`
let database: TestDatabase
let api: TestApi
let key: string
let token: string
let me: string

/** The two doors, each as a way to run an operation. */
type Ask = (query: string, variables?: Record<string, unknown>) => Promise<Pick<Answer, 'data' | 'errors'>>
let doors: [name: string, ask: Ask][]
let socket: ReturnType<typeof createClient>

beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
  key = (await api.workspace()).key
  const { token: issued, contact } = await issue('{ externalId: "ada" }')
  ;[token, me] = [issued, contact.id]
  socket = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  })
  const overSocket: Ask = (query, variables = {}) =>
    new Promise((resolve, reject) => {
      socket.subscribe({ query, variables }, { next: (answer) => resolve(answer as unknown as Answer), error: reject, complete: () => {} })
    })
  doors = [
    ['HTTP', (query, variables) => api.graphql(token, query, variables)],
    ['WebSocket', overSocket],
  ]
})
afterAll(async () => {
  await socket.dispose()
  await api.close()
  await database.close()
})

async function issue(contact: string, as = key) {
  const answer = await api.graphql(
    as,
    `mutation { issueContactToken(input: { contact: ${contact} }) { token expiresAt contact { id externalId } userErrors { code path } } }`,
  )
  return answer.data.issueContactToken
}

/** How many rows every table has: what a refused mutation must not have changed. */
async function rows(): Promise<Record<string, number>> {
  const { rows: tables } = await database.owner.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`,
  )
  const counted = await database.owner.query(`SELECT ${tables.map(({ name }) => `(SELECT count(*)::int FROM "${name}") AS "${name}"`).join(', ')}`)
  return counted.rows[0]
}

const OF_SCALARS: Record<string, unknown> = {
  Boolean: true,
  Condition: { tag: 'x' },
  DateTime: '2030-01-01T00:00:00Z',
  Decimal: '1',
  Duration: 'PT1H',
  Float: 1,
  ID: 'x',
  Int: 1,
  JSON: {},
  JSONObject: {},
  PropertyFilter: {},
  String: 'x',
  TimeZone: 'UTC',
  URL: 'https://example.com',
}

/** Some value of a type; of an input its required members alone, and one where it takes exactly one. */
function sampleOf(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType)
  if (isListType(type)) return [sampleOf(type.ofType)]
  if (isEnumType(type)) return type.getValues()[0]?.name
  if (!isInputObjectType(type)) return OF_SCALARS[type.name]
  const fields = Object.values(type.getFields()).filter((field, index) => (type.isOneOf ? index === 0 : isNonNullType(field.type)))
  return Object.fromEntries(fields.map((field) => [field.name, sampleOf(field.type)]))
}

/** `field(a: $a) { __typename }` with what it needs, and the variables for it. */
function call(field: { name: string; args: readonly GraphQLArgument[]; type: unknown }) {
  const args = field.args.filter((each) => isNonNullType(each.type))
  const given = args.length === 0 ? '' : `(${args.map((each) => `${each.name}: $${each.name}`).join(', ')})`
  const declared = args.length === 0 ? '' : `(${args.map((each) => `$${each.name}: ${each.type}`).join(', ')})`
  const selection = isLeafType(getNamedType(field.type as GraphQLInputType)) ? '' : ' { __typename }'
  return { text: `${field.name}${given}${selection}`, declared, variables: Object.fromEntries(args.map((each) => [each.name, sampleOf(each.type)])) }
}

const closed = (name: string) => {
  const type = schema.getType(name)
  return isObjectType(type) ? Object.values(type.getFields()).filter((field) => !CONTACT_FIELDS[name]?.includes(field.name)) : []
}

test('every query, mutation and subscription that is not a contact’s is FORBIDDEN at both doors, and nothing has happened', async () => {
  const before = await rows()
  const asked: string[] = []
  for (const [operation, name] of [
    ['query', 'Query'],
    ['mutation', 'Mutation'],
    ['subscription', 'Subscription'],
  ] as const) {
    for (const field of closed(name)) {
      const { text, declared, variables } = call(field)
      for (const [door, ask] of doors) {
        if (operation === 'subscription' && door === 'HTTP') continue
        const { errors } = await ask(`${operation} ${declared} { ${text} }`, variables)
        expect([field.name, door, errors?.map((each) => each.extensions.code)]).toEqual([field.name, door, ['FORBIDDEN']])
      }
      asked.push(field.name)
    }
  }
  expect(asked.length).toBeGreaterThan(40)
  expect(asked).toEqual(
    expect.arrayContaining(['workspace', 'node', 'createApiKey', 'issueContactToken', 'ingestEvents', 'upsertContact', 'journeyProgress']),
  )
  expect(await rows()).toEqual(before)
})

test('nor does what a contact may see lead any further', async () => {
  const ways: Record<string, (selection: string) => string> = {
    Contact: (selection) => `query VARS { contact(ref: { id: "${me}" }) { ${selection} } }`,
    Topic: (selection) => `query VARS { topics { ${selection} } }`,
    ChannelIdentity: (selection) =>
      `mutation VARS { addIdentity(input: { contact: { id: "${me}" }, channel: PUSH, address: "${DEVICE}" }) { identity { ${selection} } } }`,
  }
  await api.graphql(key, 'mutation { createTopic(input: { name: "News" }) { topic { id } } }')
  const asked: string[] = []
  for (const [name, way] of Object.entries(ways)) {
    for (const field of closed(name)) {
      const { text, declared, variables } = call(field)
      for (const [door, ask] of doors) {
        const { errors } = await ask(way(text).replace(' VARS', declared), variables)
        expect([field.name, door, errors?.map((each) => each.extensions.code)]).toEqual([field.name, door, ['FORBIDDEN']])
      }
      asked.push(`${name}.${field.name}`)
    }
  }
  expect(asked).toEqual(expect.arrayContaining(['Contact.attributes', 'Contact.events', 'Contact.consentHistory', 'Topic.createdAt']))
})

test('a contact sees and changes its own preferences and devices, at both doors', async () => {
  const topic = (await api.graphql(key, 'mutation { createTopic(input: { name: "Offers" }) { topic { id } } }')).data.createTopic.topic.id
  for (const [door, ask] of doors) {
    const topics = (await ask('{ topics { id name description } }')).data.topics
    expect(topics).toContainEqual({ id: topic, name: 'Offers', description: null })
    for (const state of ['GRANTED', 'WITHDRAWN']) {
      const said = await ask(
        `mutation ($topic: ID!) { setConsent(input: { contact: { externalId: "ada" }, channel: EMAIL, topicId: $topic, state: ${state}, purpose: "Offers", source: "${door}" }) {
          contact { externalId consents { channel topic { name } state purpose source } } userErrors { code } } }`,
        { topic },
      )
      expect(said).toMatchObject({
        data: {
          setConsent: {
            contact: { externalId: 'ada', consents: [{ channel: 'EMAIL', topic: { name: 'Offers' }, state, purpose: 'Offers', source: door }] },
            userErrors: [],
          },
        },
      })
    }
    const added = await ask(
      `mutation { addIdentity(input: { contact: { id: "${me}" }, channel: PUSH, address: "${DEVICE}", platform: "ios" }) { identity { id channel status platform } userErrors { code } } }`,
    )
    expect(added.data.addIdentity).toEqual({
      identity: { id: expect.any(String), channel: 'PUSH', status: 'ACTIVE', platform: 'ios' },
      userErrors: [],
    })
    const removed = await ask('mutation ($id: ID!) { removeIdentity(input: { id: $id }) { contact { identities { id } } userErrors { code } } }', {
      id: added.data.addIdentity.identity.id,
    })
    expect(removed.data.removeIdentity).toEqual({ contact: { identities: [] }, userErrors: [] })
  }
})

test('another contact is FORBIDDEN, by whatever name, and nothing of theirs has changed', async () => {
  const bob = (await issue('{ externalId: "bob" }')).contact.id
  const before = await rows()
  for (const ref of [`{ id: "${bob}" }`, '{ externalId: "bob" }', '{ externalId: "nobody" }']) {
    for (const operation of [
      `{ contact(ref: ${ref}) { id } }`,
      `mutation { setConsent(input: { contact: ${ref}, state: GRANTED, purpose: "P", source: "S" }) { userErrors { code } } }`,
      `mutation { addIdentity(input: { contact: ${ref}, channel: PUSH, address: "${DEVICE}" }) { userErrors { code } } }`,
    ]) {
      for (const [door, ask] of doors) {
        const { errors } = await ask(operation)
        expect([operation, door, errors?.map((each) => each.extensions.code)]).toEqual([operation, door, ['FORBIDDEN']])
      }
    }
  }
  expect(await rows()).toEqual(before)
})

test('a token comes of the scope WRITE, and is worth nothing in another workspace’s name or once its key is revoked', async () => {
  const make = async (scope: string) =>
    (await api.graphql(key, `mutation { createApiKey(input: { name: "${scope}", scopes: [${scope}] }) { apiKey { id } secret } }`)).data.createApiKey
  const [reader, ingester, writer] = [await make('READ'), await make('INGEST'), await make('WRITE')]
  const refused = `mutation { issueContactToken(input: { contact: { externalId: "eve" } }) { token } }`
  for (const { secret } of [reader, ingester]) expect((await api.graphql(secret, refused)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect((await api.graphql('admin-key', refused)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  const foreign = await api.workspace()
  expect(await issue(`{ id: "${me}" }`, foreign.key)).toMatchObject({ token: null, expiresAt: null, userErrors: [{ code: 'NOT_FOUND' }] })
  const { token: brief, contact } = await issue('{ externalId: "eve" }', writer.secret)
  const self = `{ contact(ref: { id: "${contact.id}" }) { externalId } }`
  expect((await api.graphql(brief, self)).data.contact).toEqual({ externalId: 'eve' })
  await api.graphql(key, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { code } } }', { id: writer.apiKey.id })
  const ended = await api.graphql(brief, self)
  expect([ended.status, ended.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
  const forged = await api.graphql(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, self)
  expect([forged.status, forged.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
})
