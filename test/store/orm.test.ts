import { afterAll, beforeAll, expect, test } from 'vitest'
import { WorkspaceTable } from '../../src/store/entities/workspace.ts'
import { newId } from '../../src/store/new-id.ts'
import { inWorkspaceEm, openOrm } from '../../src/store/orm.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let orm: Awaited<ReturnType<typeof openOrm>>
beforeAll(async () => {
  database = await openTestDatabase()
  orm = await openOrm(database.url)
})
afterAll(async () => {
  await orm.close(true)
  await database.close()
})

test('a transaction sees its own workspace and no other', async () => {
  const [mine, other] = [newId(), newId()]
  for (const id of [mine, other]) await database.owner.query(`INSERT INTO workspace (id, name, data_key) VALUES ($1, 'W', '')`, [id])
  const seen = await inWorkspaceEm(orm, mine, (em) => em.find(WorkspaceTable, {}))
  expect(seen.map((row) => row.id)).toEqual([mine])
})

test('every mapped table and column is there, with a type that can hold it', async () => {
  const { rows } = await database.owner.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'`,
  )
  const present = new Set(rows.map((row) => row.name))
  const mapped = [...orm.getMetadata().getAll().values()].flatMap((meta) =>
    meta.props.flatMap((prop) => prop.fieldNames.map((column) => `${meta.tableName}.${column}`)),
  )
  expect(mapped.length).toBeGreaterThan(150)
  expect(mapped.filter((name) => !present.has(name))).toEqual([])
})
