import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ApiContext } from '../../../src/graphql/context.ts'
import { messageUpdates } from '../../../src/graphql/live/streams.ts'
import { CHANGE_CHANNEL, encodeChanges } from '../../../src/realtime/changes.ts'
import { createWatcher, type Hub } from '../../../src/realtime/hub.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
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

async function* listen(key: string, query: string, variables: Record<string, unknown> = {}) {
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
  })
  try {
    yield* client.iterate({ query, variables })
  } finally {
    await client.dispose()
  }
}

async function announce(workspaceId: string, messages: string[], truncated = false) {
  for (const payload of encodeChanges({ workspaceId, enrollments: [], messages, journeys: [], truncated }))
    await database.worker.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, payload])
}

async function message(workspaceId: string, channel: string, contactId = newLanedId(3), broadcastId: string | null = null): Promise<string> {
  const id = newLanedId(3)
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, planned_at, broadcast_id)
     VALUES (3, $1, $2, $3, $4, 'SERVICE', $5, 'PLANNED', now(), $6)`,
    [id, workspaceId, contactId, channel, randomUUID(), broadcastId],
  )
  return id
}

/** Announces until it is heard: a subscription is not answered when it has begun. */
async function first(stream: AsyncGenerator, tell: () => Promise<void>) {
  const answer = stream.next()
  const timer = setInterval(() => void tell(), 50)
  try {
    return (await answer).value
  } finally {
    clearInterval(timer)
  }
}

const UPDATED = 'subscription ($channels: [Channel!]) { messageUpdated(channels: $channels) { id channel status } }'
const idOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]

test('a subscriber is told of its own workspace’s messages, of the channels it asked for, as they are now', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const [sms, push, theirs] = [await message(mine.id, 'sms'), await message(mine.id, 'push'), await message(other.id, 'sms')]
  const stream = listen(mine.key, UPDATED, { channels: ['SMS'] })
  const heard = await first(stream, () => announce(mine.id, [theirs, push, sms]))
  expect([idOf(heard.data.messageUpdated.id), heard.data.messageUpdated]).toMatchObject([sms, { channel: 'SMS', status: 'PLANNED' }])
  await stream.return(undefined)
})

test('who follows one broadcast hears of its messages alone', async () => {
  const { id, key } = await api.workspace()
  const broadcast = randomUUID()
  const [none, other, wanted] = [
    await message(id, 'sms'),
    await message(id, 'sms', newLanedId(3), randomUUID()),
    await message(id, 'sms', newLanedId(3), broadcast),
  ]
  const globalId = Buffer.from(`Broadcast:${broadcast}`).toString('base64url')
  const stream = listen(key, 'subscription ($id: ID) { messageUpdated(broadcastId: $id) { id } }', { id: globalId })
  const heard = await first(stream, () => announce(id, [none, other, wanted]))
  expect(idOf(heard.data.messageUpdated.id)).toBe(wanted)
  await stream.return(undefined)
})

test('somebody’s messages are those of a half that was merged into them, too', async () => {
  const { id, key } = await api.workspace()
  const made = await api.graphql(key, 'mutation { upsertContact(input: { contact: { externalId: "ada" } }) { contact { id } } }')
  const known = made.data.upsertContact.contact.id
  const half = newLanedId(3)
  await database.owner.query('UPDATE contact SET linked = $2 WHERE id = $1', [idOf(known), [half]])
  const [other, own] = [await message(id, 'sms'), await message(id, 'sms', half)]
  const stream = listen(key, 'subscription ($id: ID) { messageUpdated(contactId: $id) { id } }', { id: known })
  const heard = await first(stream, () => announce(id, [other, own]))
  expect(idOf(heard.data.messageUpdated.id)).toBe(own)
  await stream.return(undefined)
})

test('a subscriber that missed something is told with the next answer', async () => {
  const { id, key } = await api.workspace()
  const sms = await message(id, 'sms')
  const stream = listen(key, UPDATED)
  const heard = await first(stream, () => announce(id, [sms], true))
  expect(heard.extensions.missed).toBeGreaterThan(0)
  await stream.return(undefined)
})

test('progress begins with the numbers as they are, and a journey that is not there ends at once', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const made = await api.graphql(
    mine.key,
    'mutation { createJourney(input: { name: "J", graph: { nodes: [{ key: "bye", config: { exit: {} } }], edges: [] } }) { journey { id } } }',
  )
  const id = made.data.createJourney.journey.id
  const query = 'subscription ($id: ID!) { journeyProgress(journeyId: $id) { stats { started } nodes { key stats { entered waiting } } } }'
  const stream = listen(mine.key, query, { id })
  expect((await stream.next()).value).toEqual({
    data: { journeyProgress: { stats: { started: 0 }, nodes: [{ key: 'bye', stats: { entered: 0, waiting: 0 } }] } },
  })
  await stream.return(undefined)
  expect(await listen(other.key, query, { id }).next()).toEqual({ done: true, value: undefined })
})

test('nothing is streamed under a key that may not read', async () => {
  const { key } = await api.workspace()
  const { secret } = (await api.graphql(key, 'mutation { createApiKey(input: { name: "I", scopes: [INGEST] }) { secret } }')).data.createApiKey
  const answer = await listen(secret, UPDATED)
    .next()
    .catch((error: unknown) => error)
  expect(JSON.stringify(answer)).toContain('FORBIDDEN')
})

test('leaving while nothing happens ends the watch at once', async () => {
  const { caller } = await api.workspace()
  let watching = 0
  const hub: Hub = {
    ready: Promise.resolve(),
    watch() {
      watching++
      return createWatcher(() => {
        watching--
      }).iterator
    },
    watchKeys: () => () => {},
    async close() {},
  }
  const context: ApiContext = { services: api.services, hub, caller, loaders: new Map(), requestId: 'test' }
  const stream = messageUpdates(context, { journeyId: null, contactId: null, broadcastId: null, channels: null })
  const waiting = stream.next()
  expect(watching).toBe(1)
  await stream.return?.()
  expect([watching, await waiting]).toEqual([0, { done: true, value: undefined }])
})
