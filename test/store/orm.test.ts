import { afterAll, beforeAll, expect, test } from 'vitest'
import { isLanedId, laneOf } from '../../src/domain/ids.ts'
import { ContactEntity } from '../../src/store/entities/contact.ts'
import { TopicEntity } from '../../src/store/entities/topic.ts'
import { WorkspaceEntity } from '../../src/store/entities/workspace.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import { clientOf, ENTITIES, inWorkspaceEm, type Orm, openOrm } from '../../src/store/orm.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let orm: Orm
beforeAll(async () => {
  database = await openTestDatabase()
  orm = await openOrm(database.url)
})
afterAll(async () => {
  await orm.close(true)
  await database.close()
})

async function addWorkspace(): Promise<string> {
  const id = newId()
  await inWorkspaceEm(orm, id, async (em) => void em.create(WorkspaceEntity, { id, name: 'W', timeZone: 'UTC', dataKey: Buffer.from([1, 2, 255]) }, { persist: true }))
  return id
}

test('every mapped column exists and every mapped table reads', async () => {
  const workspace = await addWorkspace()
  for (const entity of ENTITIES) {
    const rows = await inWorkspaceEm(orm, workspace, (em) => em.find(entity as typeof TopicEntity, {}))
    expect(rows.length, entity.meta.tableName).toBe(entity.meta.tableName === 'workspace' ? 1 : 0)
  }
})

test('rows come back as they went in, and only in their workspace', async () => {
  const one = await addWorkspace()
  const other = await addWorkspace()
  const id = newLanedId(17)
  const linked = [newLanedId(3)]
  await inWorkspaceEm(orm, one, async (em) => {
    em.create(ContactEntity, {
      lane: 17, id, workspaceId: one, externalId: 'u1', attributes: { 'a"b': [1, { c: null }] }, tags: ['x,y', '"'], locale: null, timeZone: null,
      mergedInto: null, linked, suppressedAt: null, erasedAt: null, consentRevision: 0,
    }, { persist: true })
  })
  const row = await inWorkspaceEm(orm, one, (em) => em.findOneOrFail(ContactEntity, { lane: 17, id }))
  expect(row).toMatchObject({ externalId: 'u1', attributes: { 'a"b': [1, { c: null }] }, tags: ['x,y', '"'], linked, mergedInto: null })
  expect(row.createdAt).toBeInstanceOf(Date)
  expect(await inWorkspaceEm(orm, other, (em) => em.findOne(ContactEntity, { lane: 17, id }))).toBeNull()
  const workspace = await inWorkspaceEm(orm, one, (em) => em.findOneOrFail(WorkspaceEntity, { id: one }))
  expect([...workspace.dataKey]).toEqual([1, 2, 255])
})

test('a statement on the em shares its transaction', async () => {
  const workspace = await addWorkspace()
  const fault = new Error('rolled back')
  await expect(
    inWorkspaceEm(orm, workspace, async (em) => {
      await clientOf(em).query({ text: 'INSERT INTO topic (id, workspace_id, name) VALUES ($1, $2, $3)', values: [newId(), workspace, "it's $1 ?"] })
      expect(await em.find(TopicEntity, {})).toMatchObject([{ name: "it's $1 ?" }])
      throw fault
    }),
  ).rejects.toBe(fault)
  expect(await inWorkspaceEm(orm, workspace, (em) => em.count(TopicEntity, {}))).toBe(0)
})

test('nobody writes into another workspace', async () => {
  const one = await addWorkspace()
  const other = await addWorkspace()
  await expect(
    inWorkspaceEm(orm, one, async (em) => void em.create(TopicEntity, { id: newId(), workspaceId: other, name: 'News', description: null }, { persist: true })),
  ).rejects.toThrow(/row-level security/)
  expect((await database.owner.query('SELECT * FROM topic WHERE name = $1', ['News'])).rows).toEqual([])
})

test('new ids sort by time and carry what they must', () => {
  expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const id = newLanedId(63)
  expect(isLanedId(id, 64)).toBe(true)
  expect(laneOf(id)).toBe(63)
})
