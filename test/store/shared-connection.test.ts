import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedConnection } from '../../src/store/shared-connection.ts'
import { openPool } from '../../src/store/sql.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
/** The test's own, one of whose connections it breaks. */
let pool: pg.Pool
beforeAll(async () => {
  database = await openTestDatabase()
  pool = openPool(database.url, { role: 'throughline_api', max: 3, name: 'shared', onError: () => {} })
})
afterAll(async () => {
  await pool.end()
  await database.close()
})

const PID = 'SELECT pg_backend_pid() AS pid'
const busy = () => pool.totalCount - pool.idleCount

test('work that overlaps shares a connection, and the last gives it back', async () => {
  const share = sharedConnection(pool)
  const ask = () => share(async (client) => (await client.query<{ pid: number }>(PID)).rows[0]?.pid)
  const pids = await Promise.all([ask(), ask(), ask()])
  expect(new Set(pids).size).toBe(1)
  expect(busy()).toBe(0)
  expect(await ask()).toBe(pids[0])
  expect(busy()).toBe(0)
})

test('after a failure newcomers take another connection; the doubted one returns to the pool if it still answers', async () => {
  const share = sharedConnection(pool)
  let finish = () => {}
  const slow = share(async (client) => {
    const { rows } = await client.query<{ pid: number }>(PID)
    await new Promise<void>((done) => {
      finish = done
    })
    return rows[0]?.pid
  })
  await expect(share((client) => client.query('SELECT 1 / 0'))).rejects.toThrow('division by zero')
  const later = await share(async (client) => (await client.query<{ pid: number }>(PID)).rows[0]?.pid)
  finish()
  expect(later).not.toBe(await slow)
  const { totalCount } = pool
  const brokenWork = share(async (client) => {
    const { rows } = await client.query<{ pid: number }>(PID)
    await database.owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    return client.query('SELECT')
  })
  await expect(brokenWork).rejects.toThrow(/terminat|connection error|EPIPE/)
  expect([busy(), pool.totalCount]).toEqual([0, totalCount - 1])
})

test('a pool that has no connection to give says so to each, and to the next', async () => {
  let connects = 0
  const empty = Object.assign(Object.create(pool), { connect: () => Promise.reject(new Error(`no connection ${++connects}`)) })
  const share = sharedConnection(empty)
  const told = await Promise.allSettled([share(async () => 1), share(async () => 2)])
  expect(told).toEqual([1, 2].map(() => ({ status: 'rejected', reason: new Error('no connection 1') })))
  await expect(share(async () => 3)).rejects.toThrow('no connection 2')
})
