import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { LANED_TABLES } from '../../migrations/laned-tables.ts'
import { databaseNamed } from '../../src/store/migrate.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test('every contact-scoped primary key and unique index contains lane', async () => {
  const { rows } = await database.owner.query<{ table: string; index: string; columns: string[] }>(
    `
    SELECT t.relname AS "table", i.relname AS index, array_agg(a.attname::text ORDER BY array_position(x.indkey::int2[], a.attnum)) AS columns
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
    WHERE x.indisunique AND t.relname = ANY ($1) GROUP BY 1, 2`,
    [LANED_TABLES],
  )
  expect(rows.length).toBeGreaterThanOrEqual(LANED_TABLES.length)
  expect(rows.filter((row) => row.columns[0] !== 'lane')).toEqual([])
})

test('row-level security is forced on every table but the list of lanes', async () => {
  const { rows } = await database.owner.query<{ name: string }>(`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1`)
  expect(rows.map((row) => row.name)).toEqual(['configuration', 'lane', 'migration'])
})

test('the API sees nothing while no workspace is set', async () => {
  await database.owner.query(`INSERT INTO workspace (id, name, data_key) VALUES (gen_random_uuid(), 'Somebody', '')`)
  const { rows } = await database.api.query('SELECT * FROM workspace')
  expect(rows).toEqual([])
})

test('another database is reached by the same way: by the socket, where the server has one', async () => {
  expect(databaseNamed('postgres://a:b@127.0.0.1:5/postgres?host=%2Frun%2Fpg', 'shop/1')).toBe('postgres://a:b@127.0.0.1:5/shop%2F1?host=%2Frun%2Fpg')
  const named = new URL(databaseNamed(inject('clusterUrl'), 'throughline'))
  expect([named.pathname, named.search]).toEqual(['/throughline', new URL(inject('clusterUrl')).search])
})
