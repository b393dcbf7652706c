import { afterAll, beforeAll, expect, test } from 'vitest'
import { authenticate } from '../../src/services/api-keys.ts'
import { keysOf } from '../../src/services/workspace-keys.ts'
import { createWorkspace, getWorkspace, updateWorkspace } from '../../src/services/workspaces.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

test('a workspace comes with an admin’s key, shown once, and a data key of its own', async () => {
  const made = await createWorkspace(here.services, { name: ' Acme ', timeZone: 'Europe/Rome' })
  expect(made.secret).toMatch(/^tl_[A-Za-z0-9_-]{43}$/)
  const caller = await authenticate(here.services, made.secret)
  expect(caller).toEqual({ workspaceId: made.id, keyId: caller?.keyId, scopes: ['admin'] })
  expect(await getWorkspace(here.services, { workspaceId: made.id, keyId: null, scopes: [] })).toMatchObject({
    id: made.id,
    name: 'Acme',
    timeZone: 'Europe/Rome',
  })
  const other = await createWorkspace(here.services, { name: 'Acme' })
  const [one, two] = [await keysOf(here.services, here.database.worker, made.id), await keysOf(here.services, here.database.worker, other.id)]
  expect(one.blindIndex('email', 'ada@example.com')).not.toBe(two.blindIndex('email', 'ada@example.com'))
  expect(() => two.open(one.seal('secret'))).toThrow(/could not be opened/)
})

test('a key already in use makes no workspace, not even half of one', async () => {
  const { secret } = await createWorkspace(here.services, { name: 'First' })
  await expect(createWorkspace(here.services, { name: 'Second', key: secret })).rejects.toThrow(/api_key_hash/)
  expect((await here.database.owner.query(`SELECT 1 FROM workspace WHERE name = 'Second'`)).rows).toEqual([])
})

test('repeated under one idempotency key, even at once, it is one workspace, and its secret is told again', async () => {
  const input = { name: 'Once', idempotencyKey: 'onboarding-7' }
  const made = await Promise.all([1, 2, 3, 4].map(() => createWorkspace(here.services, input)))
  expect(new Set(made.map(({ id, secret }) => `${id} ${secret}`)).size).toBe(1)
  const [{ id, secret } = expect.fail('none')] = made
  expect(await authenticate(here.services, secret)).toMatchObject({ workspaceId: id })
  await updateWorkspace(here.services, { workspaceId: id, keyId: null, scopes: ['admin'] }, { name: 'Renamed' })
  expect(await createWorkspace(here.services, input)).toEqual({ id, secret })
  expect(await faultOf(createWorkspace(here.services, { ...input, timeZone: 'Asia/Tokyo' }))).toEqual({
    code: 'IDEMPOTENCY_CONFLICT',
    path: ['idempotencyKey'],
  })
  const count = `SELECT count(*)::int AS n FROM workspace WHERE name IN ('Once', 'Renamed')`
  expect((await here.database.owner.query(count)).rows).toEqual([{ n: 1 }])
  const kept = await here.database.owner.query(`SELECT response::text FROM idempotency WHERE key = 'onboarding-7'`)
  expect(JSON.stringify(kept.rows)).not.toContain(secret)
})

test.each([
  [{ name: ' ' }, ['name']],
  [{ name: 'a\u0000' }, ['name']],
  [{ name: 'Acme', timeZone: 'Mars/Olympus' }, ['timeZone']],
  [{ name: 'Acme', idempotencyKey: '' }, ['idempotencyKey']],
])('%j makes no workspace', async (input, path) => {
  const before = (await here.database.owner.query('SELECT count(*) FROM workspace')).rows
  expect(await faultOf(createWorkspace(here.services, input))).toEqual({ code: 'INVALID_INPUT', path })
  expect((await here.database.owner.query('SELECT count(*) FROM workspace')).rows).toEqual(before)
})

test('name and zone change apart from each other, in one workspace only; a change of zone tells the workers', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const revision = async () => Number((await here.database.owner.query<{ revision: string }>('SELECT revision FROM configuration')).rows[0]?.revision)
  const before = await revision()
  expect(await updateWorkspace(here.services, mine, { timeZone: 'Asia/Tokyo' })).toMatchObject({ name: 'Test', timeZone: 'Asia/Tokyo' })
  expect(await revision()).toBeGreaterThan(before)
  expect(await updateWorkspace(here.services, mine, { name: 'New' })).toMatchObject({ name: 'New', timeZone: 'Asia/Tokyo' })
  expect(await faultOf(updateWorkspace(here.services, mine, { timeZone: 'Nowhere' }))).toEqual({ code: 'INVALID_INPUT', path: ['timeZone'] })
  expect(await faultOf(updateWorkspace(here.services, mine, { name: '' }))).toEqual({ code: 'INVALID_INPUT', path: ['name'] })
  expect(await getWorkspace(here.services, mine)).toMatchObject({ name: 'New', timeZone: 'Asia/Tokyo' })
  expect(await getWorkspace(here.services, other)).toMatchObject({ name: 'Test', timeZone: 'UTC' })
})
