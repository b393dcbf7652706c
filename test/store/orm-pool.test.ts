import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inWorkspaceEm, openOrm } from '../../src/store/orm.ts'
import { keepPoolWhole } from '../../src/store/orm-pool.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const WORKSPACE = '01970000-0000-7000-8000-000000000000'
const PID = 'SELECT pg_backend_pid() AS pid'
const end = (pid: number | undefined) => database.owner.query('SELECT pg_terminate_backend($1)', [pid])

test('more transactions than the pool has places may lose their connection, and the next one finds one', async () => {
  const orm = await openOrm(database.url)
  const cut = () =>
    inWorkspaceEm(orm, WORKSPACE, async (em) => {
      const [row] = await em.execute<{ pid: number }[]>(PID)
      await end(row?.pid)
      await em.execute('SELECT 1')
    })
  for (let round = 0; round < 2; round++) {
    const lost = await Promise.allSettled(Array.from({ length: 10 }, cut))
    expect(lost.map(({ status }) => status)).toEqual(Array(10).fill('rejected'))
  }
  expect(await inWorkspaceEm(orm, WORKSPACE, (em) => em.execute<{ n: number }[]>('SELECT 1 AS n'))).toEqual([{ n: 1 }])
  await orm.close(true)
})

test.each(['begin', 'rollback'])('a connection that is gone at %s is given up', async (text) => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  keepPoolWhole(pool)
  const client = await pool.connect()
  client.on('error', () => {})
  await end((await client.query<{ pid: number }>(PID)).rows[0]?.pid)
  if (text === 'begin') await expect(client.query(text)).rejects.toThrow()
  else {
    expect(await client.query(text)).toMatchObject({ rows: [] })
    client.release()
  }
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  await pool.end()
})
