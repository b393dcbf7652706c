import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { takeIn } from '../../src/services/intake.ts'
import type { IngestRow } from '../../src/store/queries/ingest.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

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

const row = (n: number, digest = randomUUID()): IngestRow => ({ lane: n % 4, digest, contactId: null, reference: `external:${n}`, data: { n } })
const inbox = async (id: string) => {
  const { rows } = await database.owner.query<{ n: number }>(`SELECT (data ->> 'n')::int AS n FROM inbox WHERE workspace_id = $1 ORDER BY seq`, [id])
  return rows.map((each) => each.n)
}

/** The API's pool, counting transactions, and failing the first so many of them. */
function counting(failures = 0): { pool: pg.Pool; transactions: () => number } {
  let transactions = 0
  const connect = () => (++transactions <= failures ? Promise.reject(new TypeError('the database is away')) : database.api.connect())
  return { pool: Object.assign(Object.create(database.api), { connect }) as pg.Pool, transactions: () => transactions }
}

test('calls that come while one is under way travel together, in order, and each hears what was new of it', async () => {
  const { pool, transactions } = counting()
  const repeated = row(9)
  const calls = [[row(0)], [row(1), row(2), repeated], [repeated, row(3)], [repeated]]
  expect(await Promise.all(calls.map((rows) => takeIn(pool, workspaceId, rows)))).toEqual([1, 3, 1, 0])
  expect(transactions()).toBe(2)
  expect(await inbox(workspaceId)).toEqual([0, 1, 2, 9, 3])
  expect(await takeIn(pool, workspaceId, [repeated, row(4)])).toBe(1)
})

test('no more than a thousand rows travel together, and one call is never cut in two', async () => {
  const { pool, transactions } = counting()
  const many = (n: number) => Array.from({ length: n }, (_, index) => row(index))
  expect(await Promise.all([takeIn(pool, workspaceId, many(1)), ...[600, 400, 1, 1_000].map((n) => takeIn(pool, workspaceId, many(n)))])).toEqual([
    1, 600, 400, 1, 1_000,
  ])
  // 1, then 600 + 400, then 1, then 1,000.
  expect(transactions()).toBe(4)
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
  const told = await Promise.allSettled([takeIn(pool, workspaceId, first), takeIn(pool, workspaceId, [row(2)])])
  expect(told.map((each) => each.status)).toEqual(['rejected', 'fulfilled'])
  expect(await takeIn(pool, workspaceId, first)).toBe(1)
  expect(await inbox(workspaceId)).toEqual([2, 1])
})
