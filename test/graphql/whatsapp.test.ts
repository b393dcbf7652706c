import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxCredentials } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Answer, startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
let sandbox: Sandbox
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
  sandbox = await startSandbox()
})
afterAll(async () => {
  await sandbox.close()
  await api.close()
  await database.close()
})

const CONNECT = 'mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { connection { id } userErrors { message } } }'
const SYNC = 'mutation ($id: ID!) { syncWhatsappTemplates(input: { connectionId: $id }) { count userErrors { code path } } }'
const LIST = `query ($first: Int, $after: String, $connectionId: ID, $status: WhatsappTemplateStatus) {
  whatsappTemplates(first: $first, after: $after, connectionId: $connectionId, status: $status) {
    edges { node { id name language category status reason components providerId connection { id provider } } } pageInfo { hasNextPage endCursor } } }`

async function connected(): Promise<{ key: string; id: string }> {
  const { key } = await api.workspace()
  const { credentials, settings } = sandboxCredentials('graphql').meta
  const input = { provider: 'meta', name: 'WhatsApp', credentials, settings, baseUrl: sandbox.url }
  return { key, id: (await api.graphql(key, CONNECT, { input })).data.connectProvider.connection.id }
}

test('templates are synced and listed, a page at a time, by connection and by status, and found by id', async () => {
  const { key, id } = await connected()
  expect((await api.graphql(key, SYNC, { id })).data.syncWhatsappTemplates).toEqual({ count: 10, userErrors: [] })
  const seen: string[] = []
  for (let after: string | null = null, more = true; more; ) {
    const { whatsappTemplates: page }: Answer['data'] = (await api.graphql(key, LIST, { first: 3, after })).data
    seen.push(...page.edges.map((edge: { node: { name: string } }) => edge.node.name))
    after = page.pageInfo.endCursor
    more = page.pageInfo.hasNextPage
  }
  expect(seen.sort()).toEqual([
    'cart_reminder',
    'coupon',
    'greeting',
    'invoice',
    'login_code',
    'new_arrivals',
    'order_update',
    'spring_sale',
    'weekend_offer',
    'winter_sale',
  ])
  const { edges } = (await api.graphql(key, LIST, { connectionId: id, status: 'PAUSED' })).data.whatsappTemplates
  expect(edges).toEqual([
    {
      node: {
        id: expect.any(String),
        name: 'winter_sale',
        language: 'en_US',
        category: 'MARKETING',
        status: 'PAUSED',
        reason: null,
        components: [{ type: 'BODY', text: 'Winter is here.' }],
        providerId: expect.stringMatching(/^\d{15}$/),
        connection: { id, provider: 'meta' },
      },
    },
  ])
  const found = await api.graphql(key, 'query ($id: ID!) { node(id: $id) { id ... on WhatsappTemplate { name } } }', { id: edges[0].node.id })
  expect(found.data.node).toEqual({ id: edges[0].node.id, name: 'winter_sale' })
})

test('another workspace neither sees them nor syncs', async () => {
  const { key, id } = await connected()
  await api.graphql(key, SYNC, { id })
  const [{ node }] = (await api.graphql(key, LIST)).data.whatsappTemplates.edges
  const { key: stranger } = await api.workspace()
  expect((await api.graphql(stranger, SYNC, { id })).data.syncWhatsappTemplates).toEqual({
    count: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['connectionId'] }],
  })
  expect((await api.graphql(stranger, LIST, { connectionId: id })).data.whatsappTemplates.edges).toEqual([])
  expect((await api.graphql(stranger, 'query ($id: ID!) { node(id: $id) { id } }', { id: node.id })).data.node).toBeNull()
  // No id at all is no connection's.
  expect((await api.graphql(key, LIST, { connectionId: 'x' })).data.whatsappTemplates.edges).toEqual([])
})

test('an identity says until when it may be written to freely', async () => {
  const { key, id } = await connected()
  const find = '{ contact(ref: { externalId: "ada" }) { identities { channel openUntil } } }'
  const add = 'mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { identity { id openUntil } userErrors { message } } }'
  for (const channel of ['WHATSAPP', 'SMS'])
    await api.graphql(key, add, { input: { contact: { externalId: 'ada' }, channel, address: '+4915112345678' } })
  const identities = async () => (await api.graphql(key, find)).data.contact.identities
  expect(await identities()).toEqual([
    { channel: 'WHATSAPP', openUntil: null },
    { channel: 'SMS', openUntil: null },
  ])
  const connection = Buffer.from(id, 'base64url').toString().split(':')[1]
  const open = (until: string) =>
    database.owner.query(
      `INSERT INTO whatsapp_window (lane, identity_id, connection_id, workspace_id, contact_id, open_until)
        SELECT lane, id, $1, workspace_id, contact_id, $2 FROM channel_identity WHERE channel = 'whatsapp'
        ON CONFLICT (lane, identity_id, connection_id) DO UPDATE SET open_until = excluded.open_until`,
      [connection, until],
    )
  await open('2126-01-01T00:00:00Z')
  expect(await identities()).toEqual([
    { channel: 'WHATSAPP', openUntil: '2126-01-01T00:00:00.000Z' },
    { channel: 'SMS', openUntil: null },
  ])
  await open('2026-01-01T00:00:00Z')
  expect((await identities())[0]).toEqual({ channel: 'WHATSAPP', openUntil: null })
})
