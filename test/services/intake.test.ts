import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { takeIn } from '../../src/services/intake.ts'
import { WAKE_CHANNEL } from '../../src/store/queries/inbox.ts'
import type { IngestRow } from '../../src/store/queries/ingest.ts'
import { openPool } from '../../src/store/sql.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

let database: TestDatabase
let workspaceId: string
let other: string
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  ;[workspaceId, other] = [randomUUID(), randomUUID()]
  for (const id of [workspaceId, other]) await database.owner.query(`INSERT INTO workspace (id, name, data_key) VALUES ($1, 'x', '')`, [id])
})

const END_WAITING = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'intake' AND wait_event_type = 'Lock'`
const row = (n: number, digest = randomUUID()): IngestRow => ({ lane: n % 4, digest, contactId: null, reference: `external:${n}`, data: { n } })
const inbox = async (id: string) => {
  const { rows } = await database.owner.query<{ n: number }>(`SELECT (data::json->>'n')::int AS n FROM inbox WHERE workspace_id = $1 ORDER BY seq`, [
    id,
  ])
  return rows.map((each) => each.n)
}

interface Counted {
  pool: pg.Pool
  connections: () => number
  transactions: () => number
}

/** The API's pool, counting what is taken of it and begun on it, and failing the first so many transactions. */
function counting(failures = 0, of = database.api): Counted {
  let [connections, transactions] = [0, 0]
  const connect = async () => {
    connections++
    const client = await of.connect()
    const [query, release] = [client.query, client.release]
    const counted = (...given: unknown[]): unknown => {
      if ((given[0] as { text: string }).text === 'BEGIN' && ++transactions <= failures) given[0] = { text: 'BEGIN; SELECT 1 / 0' }
      return Reflect.apply(query, client, given)
    }
    return Object.assign(client, { query: counted, release: (error?: Error) => Object.assign(client, { query, release }).release(error) })
  }
  return {
    pool: Object.assign(Object.create(of), { connect }) as pg.Pool,
    connections: () => connections,
    transactions: () => transactions,
  }
}

test('calls that come while two statements are under way travel together, in order, and each hears what was new of it', async () => {
  const { pool, transactions } = counting()
  const repeated = row(9)
  const calls = [[row(0)], [row(1)], [row(2), row(3), repeated], [repeated, row(4)], [repeated]]
  expect(await Promise.all(calls.map((rows) => takeIn(pool, workspaceId, rows)))).toEqual([1, 1, 3, 1, 0])
  expect(transactions()).toBe(3)
  expect(await inbox(workspaceId)).toEqual([0, 1, 2, 3, 9, 4])
  expect(await takeIn(pool, workspaceId, [repeated, row(5)])).toBe(1)
})

test('no more than five hundred rows travel together, and one call is never cut in two', async () => {
  const { pool, transactions } = counting()
  const many = (n: number) => Array.from({ length: n }, (_, index) => row(index))
  const sizes = [1, 1, 300, 200, 1, 1_000]
  expect(await Promise.all(sizes.map((n) => takeIn(pool, workspaceId, many(n))))).toEqual(sizes)
  // 1, 1, then 300 + 200, then 1, then 1,000.
  expect(transactions()).toBe(5)
})

test('workspaces never wait for each other or share a transaction', async () => {
  const { pool, transactions } = counting()
  expect(await Promise.all([workspaceId, other].map((id) => takeIn(pool, id, [row(1), row(2)])))).toEqual([2, 2])
  expect(transactions()).toBe(2)
  expect([await inbox(workspaceId), await inbox(other)]).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test('a statement that fails fails its calls and no others; sent again, nothing is lost or taken twice', async () => {
  const { pool } = counting(1)
  const first = [row(1)]
  const told = await Promise.allSettled([first, [row(2)], [row(3)], [row(4)]].map((rows) => takeIn(pool, workspaceId, rows)))
  expect(told.map((each) => each.status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  expect(await takeIn(pool, workspaceId, first)).toBe(1)
  const kept = await inbox(workspaceId)
  // What was on its way behind the one that failed may be overtaken by what took another connection.
  expect([kept.slice(0, 3).sort(), kept.slice(3)]).toEqual([[2, 3, 4], [1]])
})

test('a connection that breaks fails what was on its way, and what waited takes another', async () => {
  const breakable = openPool(database.url, { role: 'throughline_api', max: 2, name: 'intake', onError: () => {} })
  const { pool, connections } = counting(0, breakable)
  const lock = await database.owner.connect()
  try {
    await lock.query('BEGIN; LOCK inbox_guard')
    const calls = [row(1), row(2), row(3), row(4)].map((each) => takeIn(pool, workspaceId, [each]))
    const outcomes = Promise.allSettled(calls)
    await until(async () => (await database.owner.query(END_WAITING)).rowCount === 1)
    await lock.query('COMMIT')
    expect((await outcomes).map((each) => each.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled'])
    expect(connections()).toBe(2)
    expect((await inbox(workspaceId)).slice().sort()).toEqual([3, 4])
  } finally {
    lock.release()
    await breakable.end()
  }
})

test('workers are woken once what they are to take is there, for every lane of it', async () => {
  const client = await database.owner.connect()
  try {
    const heard: string[] = []
    client.on('notification', ({ payload }) => void heard.push(payload ?? ''))
    await client.query(`LISTEN ${WAKE_CHANNEL}`)
    await takeIn(database.api, workspaceId, [row(1), row(3), row(5)])
    expect(await inbox(workspaceId)).toEqual([1, 3, 5])
    await until(async () => {
      await client.query('SELECT 1')
      return heard.length > 0
    })
    await client.query(`UNLISTEN ${WAKE_CHANNEL}`)
    expect(heard).toEqual(['1,3'])
  } finally {
    client.release()
  }
})
