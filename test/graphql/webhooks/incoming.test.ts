import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

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

const WEBHOOK = `id name url verification header disabledAt lastProblem lastProblemAt
  mapping { eventName eventNamePath contactKind contactPath idPath propertiesPath occurredAtPath }`
const CREATE = `mutation ($input: CreateIncomingWebhookInput!) { createIncomingWebhook(input: $input) { webhook { ${WEBHOOK} } secret userErrors { code path } } }`
const UPDATE = `mutation ($input: UpdateIncomingWebhookInput!) { updateIncomingWebhook(input: $input) { webhook { ${WEBHOOK} } userErrors { code path } } }`
const CHANGE =
  'mutation ($input: ChangeIncomingSecretInput!) { changeIncomingSecret(input: $input) { webhook { id } secret userErrors { code path } } }'
const DELETE = 'mutation ($id: ID!) { deleteIncomingWebhook(input: { id: $id }) { webhook { id } userErrors { code path } } }'

const mapping = { eventName: 'order.paid', contactKind: 'EXTERNAL_ID', contactPath: 'body.customer' }
const input = { name: 'Shop', verification: 'STANDARD', mapping }
const create = async (key: string, over: object = {}) => (await api.graphql(key, CREATE, { input: { ...input, ...over } })).data.createIncomingWebhook
const list = async (key: string) => (await api.graphql(key, `{ incomingWebhooks { ${WEBHOOK} } }`)).data.incomingWebhooks

test('an address is made, with a secret that is shown once and kept sealed', async () => {
  const { id, key } = await api.workspace()
  const made = await create(key)
  expect(made).toMatchObject({
    webhook: {
      name: 'Shop',
      url: expect.stringMatching(/^http:\/\/api\.test\/in\/[A-Za-z0-9_-]{24}$/),
      verification: 'STANDARD',
      header: null,
      mapping: { ...mapping, eventNamePath: null, idPath: null, propertiesPath: null, occurredAtPath: null },
      lastProblem: null,
    },
    secret: expect.stringMatching(/^whsec_/),
    userErrors: [],
  })
  expect(await list(key)).toEqual([made.webhook])
  const { rows } = await database.owner.query('SELECT secret FROM incoming_webhook WHERE workspace_id = $1', [id])
  expect(rows.map((row) => Buffer.from(row.secret).includes(made.secret.slice(10)))).toEqual([false])
  const found = await api.graphql(key, 'query ($id: ID!) { node(id: $id) { id ... on IncomingWebhook { url } } }', { id: made.webhook.id })
  expect(found.data.node).toEqual({ id: made.webhook.id, url: made.webhook.url })
})

test.each([
  [{ name: '' }, ['name']],
  [{ verification: 'HMAC_SHA256' }, ['header']],
  [{ verification: 'HMAC_SHA256', header: 'X Signature' }, ['header']],
  [{ header: 'X-Signature' }, ['header']],
  [{ secret: 'whsec_short' }, ['secret']],
  [{ verification: 'BEARER', secret: 'fifteen letters' }, ['secret']],
  [{ mapping: { ...mapping, contactPath: 'customer' } }, ['mapping', 'contactPath']],
  [{ mapping: { ...mapping, eventNamePath: 'body.type' } }, ['mapping', 'eventName']],
  [{ mapping: { contactKind: 'EXTERNAL_ID', contactPath: 'body.x' } }, ['mapping', 'eventName']],
])('%j is refused', async (over, path) => {
  const { key } = await api.workspace()
  expect(await create(key, over)).toEqual({ webhook: null, secret: null, userErrors: [{ code: 'INVALID_INPUT', path }] })
  expect(await list(key)).toEqual([])
})

test('what is given is changed, and its address stays', async () => {
  const { key } = await api.workspace()
  const { webhook } = await create(key, { verification: 'HMAC_SHA256', header: 'X-Signature', secret: 'sixteen letters.' })
  expect(webhook.header).toBe('x-signature')
  const update = async (over: object) => (await api.graphql(key, UPDATE, { input: { id: webhook.id, ...over } })).data.updateIncomingWebhook
  expect(await update({ name: 'Till', mapping: { ...mapping, idPath: 'body.id' } })).toMatchObject({
    webhook: { name: 'Till', url: webhook.url, mapping: { idPath: 'body.id' } },
    userErrors: [],
  })
  expect((await update({ enabled: false })).webhook).toMatchObject({ name: 'Till', disabledAt: expect.any(String) })
  expect((await update({ enabled: true })).webhook.disabledAt).toBeNull()
  expect((await update({ mapping: { ...mapping, idPath: 'id' } })).userErrors).toEqual([{ code: 'INVALID_INPUT', path: ['mapping', 'idPath'] }])
  const change = async (over: object) => (await api.graphql(key, CHANGE, { input: { id: webhook.id, ...over } })).data.changeIncomingSecret
  expect(await change({})).toMatchObject({ secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), userErrors: [] })
  expect(await change({ secret: 'another sixteen letters' })).toMatchObject({ secret: null, userErrors: [] })
  expect((await change({ secret: 'short' })).userErrors).toEqual([{ code: 'INVALID_INPUT', path: ['secret'] }])
  expect((await api.graphql(key, DELETE, { id: webhook.id })).data.deleteIncomingWebhook).toEqual({ webhook: null, userErrors: [] })
  expect(await list(key)).toEqual([])
})

test('a workspace has at most fifty', async () => {
  const { id, key } = await api.workspace()
  await database.owner.query(
    `INSERT INTO incoming_webhook (id, workspace_id, name, token, verification, secret, mapping)
      SELECT gen_random_uuid(), $1, 'N', gen_random_uuid()::text, 'BEARER', '', '{}' FROM generate_series(1, 49)`,
    [id],
  )
  const answers = await Promise.all([create(key), create(key)])
  expect(answers.map((answer) => answer.userErrors[0]?.code ?? 'made').sort()).toEqual(['LIMIT_EXCEEDED', 'made'])
})

test('another workspace’s are not there, and no key without the scope sees an address or changes one', async () => {
  const [mine, theirs] = [await api.workspace(), await api.workspace()]
  const { webhook } = await create(theirs.key)
  const before = await list(theirs.key)
  expect(await list(mine.key)).toEqual([])
  expect((await api.graphql(mine.key, 'query ($id: ID!) { node(id: $id) { id } }', { id: webhook.id })).data.node).toBeNull()
  const notFound = [{ code: 'NOT_FOUND', path: ['id'] }]
  expect((await api.graphql(mine.key, UPDATE, { input: { id: webhook.id, enabled: false } })).data.updateIncomingWebhook.userErrors).toEqual(notFound)
  expect((await api.graphql(mine.key, CHANGE, { input: { id: webhook.id } })).data.changeIncomingSecret).toEqual({
    webhook: null,
    secret: null,
    userErrors: notFound,
  })
  expect((await api.graphql(mine.key, DELETE, { id: webhook.id })).data.deleteIncomingWebhook.userErrors).toEqual(notFound)
  const scoped = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
  const { secret } = (await api.graphql(theirs.key, scoped, { input: { name: 'Writer', scopes: ['WRITE'] } })).data.createApiKey
  expect((await api.graphql(secret, '{ incomingWebhooks { url } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect((await api.graphql(secret, 'query ($id: ID!) { node(id: $id) { id } }', { id: webhook.id })).data.node).toBeNull()
  for (const [mutation, variables] of [
    [CREATE, { input }],
    [UPDATE, { input: { id: webhook.id, enabled: false } }],
    [CHANGE, { input: { id: webhook.id } }],
    [DELETE, { id: webhook.id }],
  ] as const)
    expect((await api.graphql(secret, mutation, { ...variables })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(await list(theirs.key)).toEqual(before)
})
