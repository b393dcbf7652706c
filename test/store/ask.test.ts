import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, type Client } from '../../src/store/ask.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let client: pg.PoolClient

beforeAll(async () => {
  database = await openTestDatabase()
  client = await database.worker.connect()
})
afterAll(async () => {
  client.release()
  await database.close()
})

const SUM = { name: 'sum', text: 'SELECT $1::int + 1 AS sum', values: [1] }

async function whoAsks(of: Client): Promise<unknown> {
  const { rows } = await ask(of, { text: 'SELECT nothing' })
  return rows
}

test('a connection, a pool and whatever else answers are asked alike', async () => {
  const other: Client = { query: (asked) => client.query(asked) }
  for (const each of [client, database.worker, other]) expect((await ask(each, SUM)).rows).toEqual([{ sum: 2 }])
})

test('a statement that is wrong says so to who asked, and the next is answered', async () => {
  for (const each of [client, database.worker]) {
    const error = await whoAsks(each).catch((fault: Error) => fault)
    expect(error).toMatchObject({ code: '42703', message: 'column "nothing" does not exist' })
    expect((error as Error).stack).toContain('whoAsks')
    expect((await ask(each, SUM)).rows).toEqual([{ sum: 2 }])
  }
})

test('what is asked together is answered in order', async () => {
  const answers = await Promise.all([1, 2, 3].map((value) => ask<{ sum: number }>(client, { ...SUM, values: [value] })))
  expect(answers.map(({ rows }) => rows[0]?.sum)).toEqual([2, 3, 4])
})
