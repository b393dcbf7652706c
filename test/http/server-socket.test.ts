import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { CHANGE_CHANNEL, encodeChanges } from '../../src/realtime/changes.ts'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
const clients: Client[] = []
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
})
afterAll(async () => {
  await api.close()
  await database.close()
})

function connect(authorization: string): Client {
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
  })
  clients.push(client)
  return client
}

/** The first answer; an operation that was refused rejects with its errors. */
function ask(client: Client, query: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.subscribe({ query, variables }, { next: resolve, error: reject, complete: () => {} })
  })
}
const refusal = (code: string) => [expect.objectContaining({ extensions: expect.objectContaining({ code }) })]

test('a socket without a sound key is closed', async () => {
  for (const authorization of ['', 'Bearer tl_unknown'])
    await expect(ask(connect(authorization), '{ topics { id } }')).rejects.toMatchObject({ code: 4403 })
})

test('queries are answered, in the key’s own workspace', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  await api.graphql(mine.key, 'mutation { createTopic(input: { name: "News" }) { topic { id } } }')
  expect(await ask(connect(`Bearer ${mine.key}`), '{ topics { name } }')).toEqual({ data: { topics: [{ name: 'News' }] } })
  expect(await ask(connect(`Bearer ${other.key}`), '{ topics { name } }')).toEqual({ data: { topics: [] } })
})

test('the limits of the HTTP door hold here, too', async () => {
  const { key } = await api.workspace()
  const client = connect(`Bearer ${key}`)
  const twice = 'query ($n: Int) { contacts(first: $n) { edges { node { events(first: $n) { edges { node { id } } } } } } }'
  await expect(ask(client, `{ ${'a { '.repeat(20)} b ${'}'.repeat(20)} }`)).rejects.toEqual(refusal('LIMIT_EXCEEDED'))
  await expect(ask(client, `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: topics { id }`).join(' ')} }`)).rejects.toEqual(
    refusal('LIMIT_EXCEEDED'),
  )
  await expect(ask(client, `{ ${'topics { id } '.repeat(3_000)} }`)).rejects.toEqual(refusal('INVALID_INPUT'))
  await expect(ask(client, twice, { n: 100 })).rejects.toEqual(refusal('LIMIT_EXCEEDED'))
  await expect(ask(client, '{ nothing }')).rejects.toEqual(refusal('INVALID_INPUT'))
  expect(await ask(client, twice, { n: 2 })).toEqual({ data: { contacts: { edges: [] } } })
})

test('a fault in an argument is answered where it stands, and the socket goes on', async () => {
  const { key } = await api.workspace()
  const client = connect(`Bearer ${key}`)
  const located = (field: string, path: string, code: string) => [
    { message: expect.any(String), locations: [{ line: 1, column: expect.any(Number) }], path: [path], extensions: { code, field: [field] } },
  ]
  expect(await ask(client, '{ it: contacts(first: 1000) { edges { cursor } } }')).toEqual({
    data: null,
    errors: located('first', 'it', 'INVALID_INPUT'),
  })
  const streamed = await ask(client, 'subscription { journeyProgress(journeyId: "x") { at } }')
  expect(streamed).toEqual({ errors: located('journeyId', 'journeyProgress', 'NOT_FOUND') })
  expect(await ask(client, '{ topics { id } }')).toEqual({ data: { topics: [] } })
})

test('a key revoked while its socket is open starts nothing more', async () => {
  const { key } = await api.workspace()
  const made = (await api.graphql(key, 'mutation { createApiKey(input: { name: "Brief", scopes: [READ] }) { apiKey { id } secret } }')).data
    .createApiKey
  const client = connect(`Bearer ${made.secret}`)
  const open = client.iterate({ query: '{ topics { id } }' })
  expect(await open.next()).toMatchObject({ value: { data: { topics: [] } } })
  await api.graphql(key, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { code } } }', { id: made.apiKey.id })
  await expect(ask(client, '{ topics { id } }')).rejects.toEqual(refusal('UNAUTHENTICATED'))
})

test('a key revoked ends what streams under it, and nothing that streams under another', async () => {
  const { id, key } = await api.workspace()
  const made = (await api.graphql(key, 'mutation { createApiKey(input: { name: "Brief", scopes: [ADMIN] }) { apiKey { id } secret } }')).data
    .createApiKey
  const journey = (await api.graphql(key, 'mutation { createJourney(input: { name: "J" }) { journey { id } } }')).data.createJourney.journey
  const query = `subscription { journeyProgress(journeyId: "${journey.id}") { stats { started } } }`
  const [ended, kept] = [connect(`Bearer ${made.secret}`), connect(`Bearer ${key}`)].map((client) => client.iterate({ query }))
  await Promise.all([ended?.next(), kept?.next()])
  // It may be refused before the revocation is answered: whoever looks for that only then leaves it unhandled meanwhile.
  const refused = expect(ended?.next()).rejects.toEqual(refusal('UNAUTHENTICATED'))
  await api.graphql(key, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { userErrors { code } } }', { id: made.apiKey.id })
  await refused
  const uuid = Buffer.from(journey.id, 'base64url').toString().split(':')[1] ?? ''
  for (const payload of encodeChanges({ workspaceId: id, enrollments: [], messages: [], journeys: [uuid], truncated: false }))
    await database.worker.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, payload])
  expect((await kept?.next())?.value).toEqual({ data: { journeyProgress: { stats: { started: 0 } } } })
})

// Left alone, ws gives a socket thirty seconds to say goodbye.
test('a socket that does not read does not hold up the closing of the server', { timeout: 20_000 }, async () => {
  const brief = await startTestApi(database)
  const socket = new WebSocket(`${brief.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await new Promise((open) => socket.once('open', open))
  const closed = new Promise((close) => socket.once('close', close))
  socket.pause()
  await brief.close()
  socket.resume()
  await closed
})
