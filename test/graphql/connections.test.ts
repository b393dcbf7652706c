import { afterAll, beforeAll, expect, test } from 'vitest'
import { PROVIDERS } from '../../src/domain/providers.ts'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const CONNECT = `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id channel provider settings callbackUrl disabledAt } userErrors { code path } } }`
const DISABLE = `mutation ($id: ID!) { disableConnection(input: { id: $id }) { connection { disabledAt } userErrors { code path } } }`
const twilio = {
  provider: 'twilio',
  name: 'Twilio',
  credentials: { accountSid: `AC${'0'.repeat(32)}`, authToken: 'very-secret' },
  settings: { from: '+12025550123' },
}

test('a provider is connected, its secrets sealed; another stands in for it, and takes its place', async () => {
  const { key } = await api.workspace()
  const { connection } = (await api.graphql(key, CONNECT, { input: twilio })).data.connectProvider
  expect(connection).toMatchObject({ channel: 'SMS', provider: 'twilio', settings: { from: '+12025550123' }, disabledAt: null })
  expect(connection.callbackUrl).toMatch(/^http:\/\/api\.test\/webhooks\/twilio\/[0-9a-f-]{36}$/)
  const { rows } = await database.owner.query('SELECT credentials, settings::text FROM provider_connection')
  expect(rows.some((row) => row.credentials.includes('very-secret') || row.settings.includes('very-secret'))).toBe(false)
  expect((await api.graphql(key, CONNECT, { input: { ...twilio, priority: 1 } })).data.connectProvider.userErrors).toEqual([
    { code: 'CONFLICT', path: ['priority'] },
  ])
  const second = (await api.graphql(key, CONNECT, { input: twilio })).data.connectProvider.connection
  expect((await api.graphql(key, DISABLE, { id: connection.id })).data.disableConnection).toEqual({
    connection: { disabledAt: expect.any(String) },
    userErrors: [],
  })
  const update = `mutation ($input: UpdateConnectionInput!) { updateConnection(input: $input) { connection { priority disabledAt } userErrors { code path } } }`
  const changed = async (input: object) => (await api.graphql(key, update, { input })).data.updateConnection
  expect(await changed({ id: second.id, priority: 1 })).toEqual({ connection: { priority: 1, disabledAt: null }, userErrors: [] })
  expect(await changed({ id: connection.id, enabled: true })).toEqual({ connection: null, userErrors: [{ code: 'CONFLICT', path: ['priority'] }] })
  await database.owner.query(
    `INSERT INTO provider_circuit SELECT id, workspace_id, 2, now() + interval '1 hour', 'AUTH', '2026-01-02T03:04:05Z' FROM provider_connection WHERE disabled_at IS NULL`,
  )
  const health = '{ providerConnections { priority health { state failures openUntil lastFault { code at } } } }'
  expect((await api.graphql(key, health)).data.providerConnections).toEqual([
    { priority: 1, health: { state: 'CLOSED', failures: 0, openUntil: null, lastFault: null } },
    {
      priority: 1,
      health: { state: 'OPEN', failures: 2, openUntil: expect.any(String), lastFault: { code: 'AUTH', at: '2026-01-02T03:04:05.000Z' } },
    },
  ])
})

test('nothing secret can be asked for, and faults in credentials are named', async () => {
  const { key } = await api.workspace()
  expect((await api.graphql(key, '{ providerConnections { credentials } }')).status).toBe(400)
  const attempt = async (more: object) => (await api.graphql(key, CONNECT, { input: { ...twilio, ...more } })).data.connectProvider.userErrors
  expect(await attempt({ credentials: { accountSid: `AC${'0'.repeat(32)}` } })).toEqual([
    { code: 'INVALID_INPUT', path: ['credentials', 'authToken'] },
  ])
  expect(await attempt({ provider: 'pigeon' })).toEqual([{ code: 'INVALID_INPUT', path: ['provider'] }])
})

test('the catalogue says what each provider takes', async () => {
  const { key } = await api.workspace()
  const { providers } = (await api.graphql(key, '{ providers { provider channel credentials } }')).data
  expect(providers.map((each: { provider: string; channel: string }) => [each.provider, each.channel])).toEqual(
    PROVIDERS.map(({ provider, channel }) => [provider, channel.toUpperCase()]),
  )
  expect(providers.find((each: { provider: string }) => each.provider === 'twilio').credentials).toMatchObject({
    type: 'object',
    required: ['accountSid', 'authToken'],
  })
})

test('pages are told the key of the connection in use, contacts’ own tokens too', async () => {
  const { key } = await api.workspace()
  await api.graphql(key, 'mutation { upsertContact(input: { contact: { externalId: "ada" } }) { contact { id } } }')
  const issued = 'mutation { issueContactToken(input: { contact: { externalId: "ada" } }) { token } }'
  const { token } = (await api.graphql(key, issued)).data.issueContactToken
  const told = async () => [
    (await api.graphql(key, '{ webPushPublicKey }')).data.webPushPublicKey,
    (await api.graphql(token, '{ webPushPublicKey }')).data.webPushPublicKey,
  ]
  expect(await told()).toEqual([null, null])
  const { credentials, settings } = sandboxCredentials('pages').webpush
  const input = { provider: 'webpush', name: 'Web push', credentials, settings }
  const { connection } = (await api.graphql(key, CONNECT, { input })).data.connectProvider
  expect(connection).toMatchObject({ channel: 'WEB_PUSH', settings: { publicKey: settings.publicKey } })
  expect(await told()).toEqual([settings.publicKey, settings.publicKey])
  const second = { provider: 'webpush', name: 'Another key', ...sandboxCredentials('second').webpush }
  // A subscription is good for one key alone.
  expect((await api.graphql(key, CONNECT, { input: second })).data.connectProvider.userErrors).toEqual([{ code: 'CONFLICT', path: ['provider'] }])
  expect(await told()).toEqual([settings.publicKey, settings.publicKey])
  await api.graphql(key, DISABLE, { id: connection.id })
  expect(await told()).toEqual([null, null])
  const elsewhere = (await api.workspace()).key
  expect((await api.graphql(elsewhere, '{ webPushPublicKey }')).data.webPushPublicKey).toBeNull()
})

test('another workspace neither sees nor disables it', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const { id } = (await api.graphql(mine.key, CONNECT, { input: twilio })).data.connectProvider.connection
  expect((await api.graphql(other.key, '{ providerConnections { id } }')).data.providerConnections).toEqual([])
  expect((await api.graphql(other.key, DISABLE, { id })).data.disableConnection).toEqual({
    connection: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
  })
  expect((await api.graphql(mine.key, '{ providerConnections { id disabledAt } }')).data.providerConnections).toEqual([{ id, disabledAt: null }])
})
