import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHANGE_CHANNEL, encodeChanges, tagOf } from '../../src/realtime/changes.ts'
import { contactName, createWatcher, type Hub, openHub } from '../../src/realtime/hub.ts'
import { tellInApp } from '../../src/store/queries/in-app.ts'
import { BROADCAST_CHANNEL, REVOKED_CHANNEL } from '../../src/store/queries/notify.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let hub: Hub
beforeAll(async () => {
  database = await openTestDatabase()
  hub = openHub({ databaseUrl: database.url, onError: () => {} })
  await hub.ready
})
afterAll(async () => {
  await hub.close()
  await database.close()
})

const ids = (n: number) => Array.from({ length: n }, () => randomUUID())
interface Told {
  enrollments?: string[]
  messages?: string[]
  journeys?: string[]
  contacts?: string[]
  truncated?: boolean
}
async function announce(workspaceId: string, changes: Told) {
  for (const payload of encodeChanges({ workspaceId, enrollments: [], messages: [], journeys: [], truncated: false, ...changes }))
    await database.worker.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, payload])
}

test('what commits is heard by those who watch that kind in that workspace, and by nobody else', async () => {
  const [mine, other] = [randomUUID(), randomUUID()]
  const [message, enrollment] = ids(2) as [string, string]
  const messages = hub.watch(mine, 'messages')
  const elsewhere = hub.watch(other, 'messages')
  const enrollments = hub.watch(mine, 'enrollments')
  await announce(mine, { messages: [message], enrollments: [enrollment] })
  expect((await messages.next()).value).toEqual({ ids: [message], missed: 0 })
  expect((await enrollments.next()).value).toEqual({ ids: [enrollment], missed: 0 })
  const [theirs] = ids(1) as [string]
  await announce(other, { messages: [theirs] })
  expect((await elsewhere.next()).value).toEqual({ ids: [theirs], missed: 0 })
  await Promise.all([messages, elsewhere, enrollments].map((each) => each.return?.()))
})

test('what a contact is shown is told to who watches that contact, however many there are at once', async () => {
  const contacts = ids(450)
  const watched = [contacts[0], contacts[199], contacts[200], contacts[449]].map((each) => each ?? '')
  const streams = watched.map((id) => hub.watch(id, 'inApp'))
  const messages = hub.watch(watched[0] ?? '', 'messages')
  await tellInApp(database.worker, contacts)
  for (const [n, stream] of streams.entries()) expect((await stream.next()).value).toEqual({ ids: [watched[n]], missed: 0 })
  const [message] = ids(1) as [string]
  await announce(watched[0] ?? '', { messages: [message] })
  expect((await messages.next()).value).toEqual({ ids: [message], missed: 0 })
  await Promise.all([...streams, messages].map((each) => each.return?.()))
})

test.each([
  ['a few', 3, 0],
  ['beside many messages', 1_400, 900],
  ['more than are told of one by one', 1_600, 900],
])('what is recorded of a contact is told to who watches that contact: %s', async (_, n, m) => {
  const [mine, other] = [randomUUID(), randomUUID()]
  const contacts = Array.from({ length: n }, (_, at) => `${randomUUID().slice(0, -4)}${(0x1000 + at).toString(16)}`)
  const last = contacts.at(-1) ?? ''
  const stream = hub.watch(contactName(mine, last), 'contacts')
  const messages = hub.watch(mine, 'messages')
  const elsewhere = hub.watch(contactName(other, last), 'contacts')
  const some = ids(m)
  await announce(mine, { contacts: contacts.map(tagOf), messages: some })
  expect((await stream.next()).value).toEqual({ ids: [n > 1_500 ? '*' : tagOf(last)], missed: 0 })
  const heard: string[] = []
  while (heard.length < m) heard.push(...((await messages.next()).value?.ids ?? []))
  expect(heard).toEqual(some)
  await announce(other, { contacts: [tagOf(last)] })
  expect((await elsewhere.next()).value).toEqual({ ids: [tagOf(last)], missed: 0 })
  await Promise.all([stream, messages, elsewhere].map((each) => each.return?.()))
})

test('a truncated announcement and a lost connection tell of something missed', async () => {
  const workspaceId = randomUUID()
  const messages = hub.watch(workspaceId, 'messages')
  await announce(workspaceId, { messages: ids(1), truncated: true })
  expect((await messages.next()).value).toMatchObject({ missed: 1 })
  const { rows } = await database.owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'throughline changes' AND datname = current_database()`,
  )
  expect(rows).toHaveLength(1)
  expect((await messages.next()).value).toEqual({ ids: [], missed: 1 })
  const [after] = ids(1) as [string]
  await announce(workspaceId, { messages: [after] })
  expect((await messages.next()).value).toEqual({ ids: [after], missed: 0 })
  await messages.return?.()
})

test('revoked keys are told of, and a lost connection that some may have been', async () => {
  const told: (string | null)[] = []
  const stop = hub.watchKeys((keyId) => told.push(keyId))
  const heard = (n: number) => until(async () => told.length >= n)
  await database.worker.query('SELECT pg_notify($1, $2)', [REVOKED_CHANNEL, 'key-1'])
  await heard(1)
  await database.owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'throughline changes' AND datname = current_database()`,
  )
  await heard(2)
  stop()
  const workspaceId = randomUUID()
  const messages = hub.watch(workspaceId, 'messages')
  await database.worker.query('SELECT pg_notify($1, $2)', [REVOKED_CHANNEL, 'key-2'])
  await announce(workspaceId, { messages: ids(1) })
  await messages.next()
  expect(told).toEqual(['key-1', null])
  await messages.return?.()
})

test('a slow subscriber keeps the newest thousand, each once, and is told how many it lost', async () => {
  const { watcher, iterator } = createWatcher(() => {})
  const all = ids(1_250)
  watcher.push(all, 0)
  watcher.push(all.slice(-10), 0)
  const taken: string[] = []
  let missed = 0
  for (let n = 0; n < 10; n++) {
    const { value } = await iterator.next()
    expect(value.ids).toHaveLength(100)
    taken.push(...value.ids)
    missed += value.missed
  }
  expect([taken, missed]).toEqual([all.slice(250), 250])
})

test('stopping ends a wait that has begun, once, and hears nothing more', async () => {
  let ended = 0
  const { watcher, iterator } = createWatcher(() => {
    ended++
  })
  const waiting = iterator.next()
  await iterator.return?.()
  watcher.push(ids(1), 0)
  expect(await waiting).toEqual({ done: true, value: undefined })
  watcher.end()
  expect([await iterator.next(), ended]).toEqual([{ done: true, value: undefined }, 1])
})

test('who watches two things hears of both in one, and of neither once it has stopped', async () => {
  const [workspaceId, broadcast, message] = ids(3) as [string, string, string]
  const both = hub.watch(workspaceId, 'messages', { whose: broadcast, kind: 'broadcasts' })
  const other = hub.watch(broadcast, 'broadcasts')
  await announce(workspaceId, { messages: [message] })
  expect((await both.next()).value).toEqual({ ids: [message], missed: 0 })
  const tell = () => database.worker.query('SELECT pg_notify($1, $2)', [BROADCAST_CHANNEL, broadcast])
  await tell()
  expect((await both.next()).value).toEqual({ ids: [broadcast], missed: 0 })
  expect((await other.next()).value).toEqual({ ids: [broadcast], missed: 0 })
  await both.return?.()
  await tell()
  expect((await other.next()).value).toEqual({ ids: [broadcast], missed: 0 })
  expect(await both.next()).toEqual({ done: true, value: undefined })
  await other.return?.()
})
