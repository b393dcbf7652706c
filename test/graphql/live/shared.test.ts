import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { type ExecutionResult, parse } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { shareSubscriptions } from '../../../src/graphql/live/shared.ts'
import { buildApiSchema } from '../../../src/graphql/schema.ts'
import { CHANGE_CHANNEL, encodeChanges } from '../../../src/realtime/changes.ts'
import { type ChangeKind, createWatcher, type Hub } from '../../../src/realtime/hub.ts'
import type { Heard, Listener } from '../../../src/realtime/share.ts'
import type { Caller } from '../../../src/services/context.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

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

const schema = buildApiSchema()

/** A hub the test speaks through, that counts who watches. */
function createTestHub() {
  const watchers = new Set<ReturnType<typeof createWatcher>['watcher']>()
  const opened: `${string}/${ChangeKind}`[] = []
  const hub: Hub = {
    ready: Promise.resolve(),
    watch(workspaceId, kind) {
      opened.push(`${workspaceId}/${kind}`)
      const { watcher, iterator } = createWatcher(() => watchers.delete(watcher))
      watchers.add(watcher)
      return iterator
    },
    watchKeys: () => () => {},
    async close() {},
  }
  const say = (ids: string[]) => {
    for (const watcher of watchers) watcher.push(ids, 0)
  }
  return { hub, opened, watchers, say }
}

async function messages(workspaceId: string, contactId: string, n: number): Promise<string[]> {
  const ids = Array.from({ length: n }, () => newLanedId(3))
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, status, planned_at)
     SELECT 3, id, $2, $3, 'sms', 'SERVICE', $4, 'PLANNED', now() FROM unnest($1::uuid[]) AS id`,
    [ids, workspaceId, contactId, randomUUID()],
  )
  return ids
}

async function contact(workspaceId: string, attributes: object): Promise<string> {
  const id = newLanedId(3)
  await database.owner.query('INSERT INTO contact (lane, id, workspace_id, attributes) VALUES (3, $1, $2, $3)', [id, workspaceId, attributes])
  return id
}

const taken = async (listener: Listener<ExecutionResult>, n: number): Promise<Heard<ExecutionResult>[]> => {
  const heard: Heard<ExecutionResult>[] = []
  while (heard.length < n) heard.push((await listener.next()).value)
  return heard
}

test('one execution serves everybody who asks the same with the same access', async () => {
  const [{ caller }, other] = [await api.workspace(), await api.workspace()]
  const test = createTestHub()
  const subscribe = shareSubscriptions()
  const join = (who: Caller, query: string, variableValues: Record<string, unknown> = {}) => {
    const contextValue = { services: api.services, hub: test.hub, caller: who, loaders: new Map(), requestId: 'test' }
    return subscribe({ schema, document: parse(query), variableValues, contextValue }) as Promise<Listener<ExecutionResult>>
  }
  const UPDATED = 'subscription ($c: [Channel!], $j: ID) { messageUpdated(channels: $c, journeyId: $j) { status } }'
  const alike = await Promise.all([
    join(caller, UPDATED, { c: ['SMS'], j: null }),
    join({ ...caller, keyId: randomUUID() }, UPDATED.replaceAll(' ', '\n  '), { j: null, c: ['SMS'] }),
  ])
  expect(test.opened).toHaveLength(1)
  const apart = await Promise.all([
    join(caller, UPDATED, { c: ['EMAIL'], j: null }),
    join(caller, UPDATED.replace('status', 'id'), { c: ['SMS'], j: null }),
    join({ ...caller, scopes: ['read'] }, UPDATED, { c: ['SMS'], j: null }),
    join(other.caller, UPDATED, { c: ['SMS'], j: null }),
  ])
  expect(test.opened).toHaveLength(5)
  test.say(await messages(caller.workspaceId, await contact(caller.workspaceId, {}), 1))
  const [a, b] = [await taken(alike[0], 1), await taken(alike[1], 1)]
  expect(a).toEqual([{ value: { data: { messageUpdated: { status: 'PLANNED' } } }, missed: 0 }])
  expect(b[0]?.value).toBe(a[0]?.value)
  for (const each of [...alike, ...apart]) await each.return()
  expect(test.watchers.size).toBe(0)
})

test('a round is resolved in one batch, and what loaders cached for one round is not answered in the next', async () => {
  const { caller } = await api.workspace()
  const test = createTestHub()
  const contextValue = { services: api.services, hub: test.hub, caller, loaders: new Map(), requestId: 'test' }
  const document = parse('subscription { messageUpdated { contact { attributes } } }')
  const listener = (await shareSubscriptions()({ schema, document, contextValue })) as Listener<ExecutionResult>
  const people = await Promise.all(Array.from({ length: 20 }, (_, n) => contact(caller.workspaceId, { n })))
  const ids = (await Promise.all(people.map((id) => messages(caller.workspaceId, id, 1)))).flat()
  const answered = (heard: Heard<ExecutionResult>[]) =>
    heard.map(({ value }) => (value.data as { messageUpdated: { contact: { attributes: { n: number } } } }).messageUpdated.contact.attributes.n)
  const reads = vi.spyOn(api.services.orm.em, 'fork')
  test.say(ids)
  expect(answered(await taken(listener, 20)).sort((a, b) => a - b)).toEqual(people.map((_, n) => n))
  // Messages once, contacts once.
  expect(reads).toHaveBeenCalledTimes(2)
  reads.mockRestore()
  await database.owner.query(`UPDATE contact SET attributes = '{"n": 99}' WHERE id = $1`, [people[0]])
  test.say(ids.slice(0, 1))
  expect(answered(await taken(listener, 1))).toEqual([99])
  await listener.return()
})

function connect(key: string): { client: Client; opened: Promise<WebSocket> } {
  let open = (_socket: WebSocket) => {}
  const opened = new Promise<WebSocket>((resolve) => {
    open = resolve
  })
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 0,
    on: { opened: (socket) => open(socket as WebSocket) },
  })
  clients.push(client)
  return { client, opened }
}

async function announce(workspaceId: string, ids: string[]) {
  for (const payload of encodeChanges({ workspaceId, enrollments: [], messages: ids, journeys: [], truncated: false }))
    await database.worker.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, payload])
}

/** Takes answers until one is about this message; says how many others came, and how many the server said were missed. */
async function takeUntil(stream: AsyncIterator<unknown>, id: string): Promise<{ heard: number; missed: number }> {
  const count = { heard: 0, missed: 0 }
  for (;;) {
    const { extensions, data } = (await stream.next()).value as { extensions?: { missed: number }; data: { messageUpdated: { id: string } } }
    count.missed += extensions?.missed ?? 0
    if (Buffer.from(data.messageUpdated.id, 'base64url').toString().endsWith(id)) return count
    count.heard++
  }
}

test('a client that does not read holds nobody up, and is told how many it missed when it reads again', async () => {
  const { id, key } = await api.workspace()
  const [hello = '', bye = '', end = '', ...all] = await messages(id, await contact(id, { text: 'x'.repeat(30_000) }), 1_503)
  const query = 'subscription { messageUpdated { id contact { attributes } } }'
  const [quick, slow] = [connect(key), connect(key)]
  const [fast, late] = [quick.client.iterate({ query }), slow.client.iterate({ query })]
  // A subscription is not answered when it has begun: hello is said until both have heard it.
  const begun = Promise.all([takeUntil(fast, hello), takeUntil(late, hello)])
  let both = false
  void begun.then(() => {
    both = true
  })
  while (!both) await announce(id, [hello])
  await announce(id, [bye])
  await Promise.all([takeUntil(fast, bye), takeUntil(late, bye)])

  ;(await slow.opened).pause()
  for (let start = 0; start < all.length; start += 100) {
    const batch = all.slice(start, start + 100)
    await announce(id, batch)
    expect(await takeUntil(fast, batch[99] ?? '')).toEqual({ heard: 99, missed: 0 })
  }
  ;(await slow.opened).resume()
  await announce(id, [end])
  const { heard, missed } = await takeUntil(late, end)
  expect(missed).toBeGreaterThan(0)
  expect(heard + missed).toBe(1_500)
})

test('who joins a journey’s progress late begins with its numbers as they are', async () => {
  const { key } = await api.workspace()
  const made = await api.graphql(key, 'mutation { createJourney(input: { name: "J" }) { journey { id } } }')
  const variables = { id: made.data.createJourney.journey.id }
  const query = 'subscription ($id: ID!) { journeyProgress(journeyId: $id) { at stats { started } } }'
  const [a, b] = [connect(key).client.iterate({ query, variables }), connect(key).client.iterate({ query, variables })]
  const first = await a.next()
  expect(first.value).toMatchObject({ data: { journeyProgress: { stats: { started: 0 } } } })
  expect(await b.next()).toEqual(first)
})
