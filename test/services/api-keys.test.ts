import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allows, authenticate, createApiKey, listApiKeys, revokeApiKey, SCOPES } from '../../src/services/api-keys.ts'
import { newId } from '../../src/store/new-id.ts'
import { faultOf, openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

test('the secret is in the answer; the database has its hash alone', async () => {
  const caller = await here.workspace()
  const { row, secret } = await createApiKey(here.services, caller, { name: 'Site', scopes: ['ingest', 'read'] })
  expect(secret).toMatch(/^tl_[A-Za-z0-9_-]{43}$/)
  expect(row).toMatchObject({ name: 'Site', prefix: secret.slice(0, 8), scopes: ['ingest', 'read'] })
  const { rows } = await here.database.owner.query('SELECT hash, api_key::text AS whole FROM api_key WHERE id = $1', [row.id])
  expect(rows[0].hash).toEqual(createHash('sha256').update(secret).digest())
  expect(rows[0].whole).not.toContain(secret.slice(8))
  expect(await authenticate(here.services, secret)).toEqual({ keyId: row.id, workspaceId: caller.workspaceId, scopes: ['ingest', 'read'] })
})

test('no key but the very one is known', async () => {
  const caller = await here.workspace()
  const { row, secret } = await createApiKey(here.services, caller, { name: 'Site', scopes: ['read'] })
  const hash = row.hash.toString('hex')
  for (const wrong of ['', secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), hash, row.prefix])
    expect(await authenticate(here.services, wrong)).toBeNull()
})

test('a key that is revoked or has expired is worth nothing at once', async () => {
  const caller = await here.workspace()
  const revoked = await createApiKey(here.services, caller, { name: 'A', scopes: ['read'] })
  const first = await revokeApiKey(here.services, caller, revoked.row.id)
  expect(await authenticate(here.services, revoked.secret)).toBeNull()
  expect((await revokeApiKey(here.services, caller, revoked.row.id)).revokedAt).toEqual(first.revokedAt)
  const brief = await createApiKey(here.services, caller, { name: 'B', scopes: ['read'], expiresAt: new Date('2100-01-01') })
  expect(await authenticate(here.services, brief.secret)).not.toBeNull()
  await here.database.owner.query(`UPDATE api_key SET expires_at = now() WHERE id = $1`, [brief.row.id])
  expect(await authenticate(here.services, brief.secret)).toBeNull()
})

test('another workspace’s key is not there: neither listed nor revoked', async () => {
  const [mine, other] = [await here.workspace(), await here.workspace()]
  const { row, secret } = await createApiKey(here.services, mine, { name: 'Mine', scopes: ['read'] })
  for (const id of [row.id, newId(), 'no id'])
    expect(await faultOf(revokeApiKey(here.services, other, id))).toEqual({ code: 'NOT_FOUND', path: ['id'] })
  expect(await authenticate(here.services, secret)).not.toBeNull()
  expect((await listApiKeys(here.services, mine)).map((each) => each.name).sort()).toEqual(['First key', 'Mine'])
  expect((await listApiKeys(here.services, other)).map((each) => each.name)).toEqual(['First key'])
})

test.each([
  [{ name: ' ', scopes: ['read'] as const }, ['name']],
  [{ name: 'A', scopes: [] }, ['scopes']],
  [{ name: 'A', scopes: ['read'] as const, expiresAt: new Date(0) }, ['expiresAt']],
])('%j makes no key', async (input, path) => {
  const caller = await here.workspace()
  expect(await faultOf(createApiKey(here.services, caller, input))).toEqual({ code: 'INVALID_INPUT', path })
  expect(await listApiKeys(here.services, caller)).toHaveLength(1)
})

test('what a scope covers', () => {
  const covered = (...scopes: string[]) => SCOPES.filter((each) => allows({ workspaceId: '', keyId: null, scopes }, each))
  expect([covered('admin'), covered('write'), covered('read'), covered('ingest'), covered()]).toEqual([
    ['admin', 'write', 'read', 'ingest'],
    ['write', 'read', 'ingest'],
    ['read'],
    ['ingest'],
    [],
  ])
})
