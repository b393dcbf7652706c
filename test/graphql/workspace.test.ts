import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterEach(() => void vi.useRealTimers())
afterAll(async () => {
  await api.close()
  await database.close()
})

const CREATE_KEY = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id name prefix scopes revokedAt } secret userErrors { code path } } }`
const REVOKE = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedAt } userErrors { code path } } }`
const INGEST = `mutation { ingestEvents(input: { events: [] }) { accepted } }`

test('the installation’s key makes a workspace and nothing else', async () => {
  const made = await api.graphql(
    'admin-key',
    `mutation { createWorkspace(input: { name: "Acme", timeZone: "Europe/Rome" }) { workspace { id name timeZone } secret userErrors { code } } }`,
  )
  expect(made.data.createWorkspace).toMatchObject({ workspace: { name: 'Acme', timeZone: 'Europe/Rome' }, userErrors: [] })
  const key = made.data.createWorkspace.secret
  expect((await api.graphql(key, '{ workspace { id name } }')).data.workspace).toEqual({ id: made.data.createWorkspace.workspace.id, name: 'Acme' })
  expect((await api.graphql('admin-key', '{ workspace { id } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  const refused = await api.graphql(key, `mutation { createWorkspace(input: { name: "Mine" }) { secret } }`)
  expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect((await database.owner.query(`SELECT 1 FROM workspace WHERE name = 'Mine'`)).rows).toEqual([])
})

test('a key does what its scopes say, and only that', async () => {
  const { key } = await api.workspace()
  const make = async (scope: string) => (await api.graphql(key, CREATE_KEY, { input: { name: scope, scopes: [scope] } })).data.createApiKey.secret
  const [ingest, read, write] = [await make('INGEST'), await make('READ'), await make('WRITE')]
  const operations = {
    read: '{ topics { id } }',
    ingest: INGEST,
    write: `mutation { createTopic(input: { name: "T" }) { userErrors { code } } }`,
    admin: '{ apiKeys { id } }',
  }
  const allowed = async (secret: string) => {
    const may: string[] = []
    for (const [name, query] of Object.entries(operations)) if ((await api.graphql(secret, query)).errors === undefined) may.push(name)
    return may
  }
  expect([await allowed(ingest), await allowed(read), await allowed(write), await allowed(key)]).toEqual([
    ['ingest'],
    ['read'],
    ['read', 'ingest', 'write'],
    ['read', 'ingest', 'write', 'admin'],
  ])
})

test('a revoked or expired key is worth nothing, and other workspaces’ keys cannot be revoked', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const { apiKey, secret } = (await api.graphql(mine.key, CREATE_KEY, { input: { name: 'Site', scopes: ['READ'] } })).data.createApiKey
  expect(secret.startsWith(apiKey.prefix)).toBe(true)
  expect((await api.graphql(other.key, REVOKE, { id: apiKey.id })).data.revokeApiKey).toEqual({
    apiKey: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
  })
  expect((await api.graphql(secret, '{ topics { id } }')).status).toBe(200)
  await api.graphql(mine.key, REVOKE, { id: apiKey.id })
  const refused = await api.graphql(secret, '{ topics { id } }')
  expect([refused.status, refused.errors?.[0]?.extensions.code, refused.headers.get('www-authenticate')]).toEqual([401, 'UNAUTHENTICATED', 'Bearer'])
  const late = await api.graphql(mine.key, CREATE_KEY, { input: { name: 'Late', scopes: ['READ'], expiresAt: '2001-01-01T00:00:00Z' } })
  expect(late.data.createApiKey.userErrors).toEqual([{ code: 'INVALID_INPUT', path: ['expiresAt'] }])
  const brief = (await api.graphql(mine.key, CREATE_KEY, { input: { name: 'Brief', scopes: ['READ'], expiresAt: '2100-01-01T00:00:00Z' } })).data
    .createApiKey.secret
  expect((await api.graphql(brief, '{ topics { id } }')).status).toBe(200)
  await database.owner.query(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE name = 'Brief'`)
  expect((await api.graphql(brief, '{ topics { id } }')).status).toBe(401)
})

test('the workspace’s name and zone change, and a zone that is none is refused', async () => {
  const { key } = await api.workspace()
  const changed = await api.graphql(
    key,
    `mutation { updateWorkspace(input: { name: "New", timeZone: "Asia/Tokyo" }) { workspace { name timeZone } userErrors { code } } }`,
  )
  expect(changed.data.updateWorkspace).toEqual({ workspace: { name: 'New', timeZone: 'Asia/Tokyo' }, userErrors: [] })
  const blank = await api.graphql(key, `mutation { updateWorkspace(input: { name: " " }) { workspace { name } userErrors { code path } } }`)
  expect(blank.data.updateWorkspace).toEqual({ workspace: null, userErrors: [{ code: 'INVALID_INPUT', path: ['name'] }] })
})

test('the data key is rotated by an admin, and what was sealed before and what comes after can both be read', async () => {
  const { id, key } = await api.workspace()
  const add = (address: string) =>
    api.graphql(
      key,
      `mutation { addIdentity(input: { contact: { externalId: "ada" }, channel: EMAIL, address: "${address}" }) { userErrors { code } } }`,
    )
  const ROTATE = 'mutation { rotateWorkspaceKey(input: {}) { usedFrom userErrors { code } } }'
  const read = async () => (await database.owner.query('SELECT data_key FROM workspace WHERE id = $1', [id])).rows[0].data_key
  await add('ada@example.com')
  const before = await read()
  const writer = (await api.graphql(key, CREATE_KEY, { input: { name: 'W', scopes: ['WRITE'] } })).data.createApiKey.secret
  expect((await api.graphql(writer, ROTATE)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(await read()).toEqual(before)
  const rotated = await api.graphql(key, ROTATE)
  expect(rotated.data.rotateWorkspaceKey.userErrors).toEqual([])
  expect((await api.graphql(key, ROTATE)).data.rotateWorkspaceKey).toEqual({ usedFrom: null, userErrors: [{ code: 'CONFLICT' }] })
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(rotated.data.rotateWorkspaceKey.usedFrom) })
  await add('lovelace@example.com')
  const ids = (await database.owner.query<{ id: string }>('SELECT DISTINCT left(address::text, 12) AS id FROM channel_identity')).rows
  expect(ids).toHaveLength(2)
  const seen = await api.graphql(key, '{ contact(ref: { externalId: "ada" }) { identities { maskedAddress } } }')
  expect(seen.data.contact.identities.map((each: { maskedAddress: string }) => each.maskedAddress).sort()).toEqual([
    'a***@example.com',
    'l***@example.com',
  ])
})
