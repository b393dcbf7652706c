import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const PREPARE = `PREPARE moved AS UPDATE message AS m SET attempt = k.attempt
  FROM unnest($1::smallint[], $2::uuid[], $3::int[]) AS k (lane, id, attempt) WHERE m.lane = k.lane AND m.id = k.id`

async function planOf(pool: TestDatabase['owner']): Promise<string> {
  const client = await pool.connect()
  try {
    await client.query(PREPARE)
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE moved ('{1}', ARRAY[gen_random_uuid()], '{2}')`)
    await client.query('DEALLOCATE moved')
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  } finally {
    client.release()
  }
}

describe("the worker's statements", () => {
  test('find their rows by index, whatever the statistics', async () => {
    const plan = await planOf(database.worker)
    expect(plan).toMatch(/Nested Loop[\s\S]*Index Scan using \w+ on message/)
    expect(plan).not.toMatch(/Seq Scan|Hash|Merge/)
  })

  test('are planned once, not for each length of their arrays', async () => {
    const client = await database.worker.connect()
    try {
      await client.query(PREPARE)
      for (let n = 0; n < 3; n++) await client.query(`EXECUTE moved ('{1}', ARRAY[gen_random_uuid()], '{2}')`)
      const { rows } = await client.query(`SELECT generic_plans::int, custom_plans::int FROM pg_prepared_statements WHERE name = 'moved'`)
      expect(rows).toEqual([{ generic_plans: 3, custom_plans: 0 }])
      await client.query('DEALLOCATE moved')
    } finally {
      client.release()
    }
  })
})
