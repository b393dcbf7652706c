import 'reflect-metadata'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiContext } from '../../../src/graphql/context.ts'
import { Event } from '../../../src/graphql/events/types.ts'
import { contactTimeline } from '../../../src/graphql/timeline/stream.ts'
import { contactName, createWatcher, type Hub } from '../../../src/realtime/hub.ts'
import type { Caller } from '../../../src/services/context.ts'
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

const AT = Date.UTC(2026, 2, 1)
const MINUTE = 60_000

/** A hub the test speaks through. */
function createTestHub() {
  const watchers = new Map<string, ReturnType<typeof createWatcher>['watcher']>()
  const hub: Hub = {
    ready: Promise.resolve(),
    watch(whose) {
      const { watcher, iterator } = createWatcher(() => watchers.delete(whose))
      watchers.set(whose, watcher)
      return iterator
    },
    watchKeys: () => () => {},
    async close() {},
  }
  return { hub, watched: () => [...watchers.keys()], say: () => watchers.forEach((each) => void each.push(['x'], 0)) }
}

async function contact(workspaceId: string, lane: number): Promise<string> {
  const id = newLanedId(lane)
  await database.owner.query('INSERT INTO contact (lane, id, workspace_id) VALUES ($1, $2, $3)', [lane, id, workspaceId])
  return id
}

async function events(workspaceId: string, contactId: string, ...minutes: number[]): Promise<void> {
  const lane = Number.parseInt(contactId.slice(15, 18), 16)
  for (const minute of minutes)
    await database.owner.query(
      `INSERT INTO event (lane, id, workspace_id, contact_id, name, properties, occurred_at, received_at) VALUES ($1, $2, $3, $4, $5, '{}', $6, $6)`,
      [lane, newLanedId(lane), workspaceId, contactId, `at ${minute}`, new Date(AT + minute * MINUTE)],
    )
}

async function open(caller: Caller, contactId: string, kinds: 'EVENT'[] | null = null) {
  const test = createTestHub()
  const context: ApiContext = { services: api.services, hub: test.hub, caller, loaders: new Map(), requestId: 'test' }
  const stream = await contactTimeline(context, contactId, kinds)
  const heard = async (): Promise<string[]> => {
    test.say()
    return ((await stream.next()).value?.values ?? []).map((item: unknown) => (item instanceof Event ? item.name : 'other'))
  }
  return { ...test, stream, heard }
}

test('what is new is told once and in order, what was there is not, and what turns up late is told all the same', async () => {
  const { id, caller } = await api.workspace()
  const ada = await contact(id, 3)
  await events(id, ada, -60, 0)
  const { heard, stream, watched } = await open(caller, ada)
  expect(watched()).toEqual([contactName(id, ada)])
  await events(id, ada, 2, 1)
  expect(await heard()).toEqual(['at 1', 'at 2'])
  await events(id, ada, -5, 0.5, 20)
  expect(await heard()).toEqual(['at -5', 'at 0.5', 'at 20'])
  // More than ten minutes behind the newest: that is in the timeline alone.
  await events(id, ada, 9, 11, 21)
  expect(await heard()).toEqual(['at 11', 'at 21'])
  await stream.return?.()
  expect(watched()).toEqual([])
})

test('more at once than is read is told from its newer end, and that some were missed', async () => {
  const { id, caller } = await api.workspace()
  const ada = await contact(id, 3)
  const { say, stream } = await open(caller, ada, ['EVENT'])
  await database.owner.query(
    `INSERT INTO event (lane, id, workspace_id, contact_id, name, properties, occurred_at, received_at)
      SELECT 3, e.id, $1, $2, 'at ' || n, '{}', now(), $3::timestamptz + n * interval '1 millisecond' FROM unnest($4::uuid[]) WITH ORDINALITY AS e (id, n)`,
    [id, ada, new Date(AT), Array.from({ length: 1_005 }, () => newLanedId(3))],
  )
  say()
  const rounds: [string, number, number][] = []
  while (rounds.length < 10) {
    const { values, missed } = (await stream.next()).value
    rounds.push([values[0].name, values.length, missed])
  }
  expect(rounds.slice(0, 2)).toEqual([
    ['at 6', 100, 1],
    ['at 106', 100, 0],
  ])
  await events(id, ada, 1)
  say()
  expect((await stream.next()).value).toMatchObject({ values: [{ name: 'at 1' }], missed: 0 })
  await stream.return?.()
})

test('who is merged into somebody is followed as them', async () => {
  const { id, caller } = await api.workspace()
  const [anonymous, known] = [await contact(id, 3), await contact(id, 9)]
  await events(id, anonymous, 0)
  const { heard, stream, watched } = await open(caller, anonymous)
  await database.owner.query('UPDATE contact SET merged_into = $2 WHERE id = $1', [anonymous, known])
  await database.owner.query('UPDATE contact SET linked = ARRAY[$1::uuid] WHERE id = $2', [anonymous, known])
  await events(id, known, 1)
  expect(await heard()).toEqual(['at 1'])
  expect(watched()).toEqual([contactName(id, known)])
  await events(id, anonymous, 2)
  await events(id, known, 3)
  expect(await heard()).toEqual(['at 2', 'at 3'])
  await stream.return?.()
  expect(watched()).toEqual([])
})

test('another workspace’s contact is unknown, and nothing is watched', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const ada = await contact(mine.id, 3)
  await expect(open(other.caller, ada)).rejects.toMatchObject({ code: 'NOT_FOUND', path: ['contactId'] })
  await expect(open({ ...mine.caller, scopes: ['ingest'] }, ada)).rejects.toMatchObject({ code: 'FORBIDDEN' })
})
