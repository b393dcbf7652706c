import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lanedId } from '../../../src/domain/ids.ts'
import { newLanedId } from '../../../src/store/new-id.ts'
import { startTestApi, type TestApi } from '../../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let api: TestApi
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database, { privateHosts: ['127.0.0.1:9999'] })
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const ENDPOINT = 'id url description eventTypes failingSince disabledAt disabledReason previousSecretUntil createdAt'
const CREATE = `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { endpoint { ${ENDPOINT} } secret userErrors { code path message } } }`
const UPDATE = `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { endpoint { ${ENDPOINT} } userErrors { code path } } }`
const ROTATE = 'mutation ($id: ID!) { rotateWebhookSecret(input: { id: $id }) { endpoint { previousSecretUntil } secret userErrors { code path } } }'
const DELETE = 'mutation ($id: ID!) { deleteWebhookEndpoint(input: { id: $id }) { endpoint { id } userErrors { code path } } }'
const REPLAY = 'mutation ($input: ReplayWebhookDeliveriesInput!) { replayWebhookDeliveries(input: $input) { replayed userErrors { code path } } }'

const input = { url: 'https://hooks.example/events', eventTypes: ['MESSAGE_UPDATED'] }
const create = async (key: string, over: object = {}) => (await api.graphql(key, CREATE, { input: { ...input, ...over } })).data.createWebhookEndpoint
const update = async (key: string, over: object) => (await api.graphql(key, UPDATE, { input: over })).data.updateWebhookEndpoint
const list = async (key: string) => (await api.graphql(key, `{ webhookEndpoints { ${ENDPOINT} } }`)).data.webhookEndpoints
const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

test('an endpoint is made with a secret that is shown once and kept sealed', async () => {
  const { id, key } = await api.workspace()
  const made = await create(key, { description: 'Ours', eventTypes: ['MESSAGE_UPDATED', 'ENROLLMENT_ENDED', 'MESSAGE_UPDATED'] })
  expect(made).toMatchObject({
    endpoint: { url: input.url, description: 'Ours', eventTypes: ['MESSAGE_UPDATED', 'ENROLLMENT_ENDED'], disabledAt: null, failingSince: null },
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    userErrors: [],
  })
  expect(await list(key)).toEqual([made.endpoint])
  const { rows } = await database.owner.query('SELECT secret, event_types FROM webhook_endpoint WHERE workspace_id = $1', [id])
  expect(rows).toHaveLength(1)
  expect([rows[0].event_types, Buffer.from(rows[0].secret).includes(made.secret.slice(10))]).toEqual([['message.updated', 'enrollment.ended'], false])
  const found = await api.graphql(
    key,
    `{ a: __type(name: "WebhookEndpoint") { fields { name } } node(id: "${made.endpoint.id}") { id ... on WebhookEndpoint { url } } }`,
  )
  expect(found.data.node).toEqual({ id: made.endpoint.id, url: input.url })
  expect(found.data.a.fields.map((field: { name: string }) => field.name)).not.toContain('secret')
})

test.each([
  [{ url: 'http://hooks.example/' }, ['url']],
  [{ url: 'https://127.0.0.1/' }, ['url']],
  [{ url: 'https://169.254.169.254/latest' }, ['url']],
  [{ url: 'https://localhost/' }, ['url']],
  [{ url: 'https://me:pass@hooks.example/' }, ['url']],
  [{ url: `https://hooks.example/${'x'.repeat(2_000)}` }, ['url']],
  [{ eventTypes: [] }, ['eventTypes']],
  [{ description: 'x'.repeat(2_001) }, ['description']],
])('%j is refused', async (over, path) => {
  const { key } = await api.workspace()
  expect(await create(key, over)).toMatchObject({ endpoint: null, secret: null, userErrors: [{ code: 'INVALID_INPUT', path }] })
  expect(await list(key)).toEqual([])
})

test('a host the operator names is let pass, without TLS too', async () => {
  const { key } = await api.workspace()
  expect((await create(key, { url: 'http://127.0.0.1:9999/x' })).userErrors).toEqual([])
})

test('what is given is changed, and judged as when it was made', async () => {
  const { key } = await api.workspace()
  const { endpoint } = await create(key, { description: 'Old' })
  const changed = await update(key, { id: endpoint.id, url: 'https://other.example/', eventTypes: ['GOAL_REACHED'] })
  expect(changed).toMatchObject({ endpoint: { url: 'https://other.example/', eventTypes: ['GOAL_REACHED'], description: 'Old' }, userErrors: [] })
  expect((await update(key, { id: endpoint.id, description: null })).endpoint).toMatchObject({ url: 'https://other.example/', description: null })
  for (const [over, path] of [
    [{ url: 'https://10.0.0.1/' }, 'url'],
    [{ eventTypes: [] }, 'eventTypes'],
  ] as const)
    expect(await update(key, { id: endpoint.id, ...over })).toEqual({ endpoint: null, userErrors: [{ code: 'INVALID_INPUT', path: [path] }] })
  expect((await list(key))[0]).toMatchObject({ url: 'https://other.example/', eventTypes: ['GOAL_REACHED'] })
})

test('it is disabled and enabled, and a fault that disabled it forgotten', async () => {
  const { key } = await api.workspace()
  const { endpoint } = await create(key)
  const disabled = await update(key, { id: endpoint.id, enabled: false })
  expect(disabled.endpoint).toMatchObject({ disabledReason: 'REQUESTED', disabledAt: expect.any(String) })
  expect((await update(key, { id: endpoint.id, enabled: false })).endpoint.disabledAt).toBe(disabled.endpoint.disabledAt)
  await database.owner.query(`UPDATE webhook_endpoint SET disabled_reason = 'FAILING', failing_since = now() - interval '6 days' WHERE id = $1`, [
    uuidOf(endpoint.id),
  ])
  expect((await update(key, { id: endpoint.id, enabled: true })).endpoint).toMatchObject({
    disabledAt: null,
    disabledReason: null,
    failingSince: null,
  })
})

test('its secret changes, and the old one has a day', async () => {
  const { key } = await api.workspace()
  const { endpoint, secret } = await create(key)
  const rotated = (await api.graphql(key, ROTATE, { id: endpoint.id })).data.rotateWebhookSecret
  expect(rotated).toMatchObject({ secret: expect.stringMatching(/^whsec_/), userErrors: [] })
  expect(rotated.secret).not.toBe(secret)
  const until = new Date(rotated.endpoint.previousSecretUntil).getTime() - Date.now()
  expect([until > 86_000_000, until <= 86_400_000]).toEqual([true, true])
})

test('a deleted one is gone', async () => {
  const { key } = await api.workspace()
  const { endpoint } = await create(key)
  expect((await api.graphql(key, DELETE, { id: endpoint.id })).data.deleteWebhookEndpoint).toEqual({ endpoint: null, userErrors: [] })
  expect(await list(key)).toEqual([])
  expect((await api.graphql(key, DELETE, { id: endpoint.id })).data.deleteWebhookEndpoint.userErrors).toEqual([{ code: 'NOT_FOUND', path: ['id'] }])
})

test('a workspace has at most twenty, made at once or not', async () => {
  const { key } = await api.workspace()
  const answers = await Promise.all(Array.from({ length: 23 }, () => create(key)))
  expect(answers.filter((answer) => answer.userErrors[0]?.code === 'LIMIT_EXCEEDED')).toHaveLength(3)
  expect(await list(key)).toHaveLength(20)
})

/** Deliveries of an endpoint, the oldest first; answers their global ids. */
async function told(endpointId: string, states: readonly string[]): Promise<string[]> {
  const endpoint = uuidOf(endpointId)
  const { rows } = await database.owner.query('SELECT workspace_id FROM webhook_endpoint WHERE id = $1', [endpoint])
  const ids: string[] = []
  for (const [index, state] of states.entries()) {
    const id = lanedId(Date.now() + index, 7, index, ids.length)
    await database.owner.query(
      `INSERT INTO webhook_delivery (lane, id, workspace_id, endpoint_id, contact_id, type, data, status, attempt, tries, attempts, created_at, finished_at)
        VALUES (7, $1, $2, $3, $4, 'enrollment.started', '{"key": "k"}', $5, 10, 10, '[{"at": "2025-06-15T12:00:00.000Z", "status": 500, "code": "HTTP_500", "millis": 12}]', now(), now())`,
      [id, rows[0].workspace_id, endpoint, newLanedId(7), state],
    )
    ids.push(Buffer.from(`WebhookDelivery:${id}`).toString('base64url'))
  }
  return ids
}
const DELIVERIES = `query ($first: Int, $after: String, $states: [WebhookDeliveryState!]) { webhookEndpoints { deliveries(first: $first, after: $after, states: $states) {
  pageInfo { hasNextPage endCursor } edges { node { id webhookId type state payload attempts { at status code millis } nextAttemptAt createdAt } } } } }`

describe('the log', () => {
  test('is read by pages, the newest first, with what was sent and what came of it', async () => {
    const { key } = await api.workspace()
    const { endpoint } = await create(key)
    const ids = await told(endpoint.id, ['DELIVERED', 'FAILED', 'FAILED'])
    const page = async (variables: object) => (await api.graphql(key, DELIVERIES, { ...variables })).data.webhookEndpoints[0].deliveries
    const first = await page({ first: 2 })
    expect(first.edges.map((edge: { node: { id: string } }) => edge.node.id)).toEqual([ids[2], ids[1]])
    const rest = await page({ first: 2, after: first.pageInfo.endCursor })
    expect([rest.edges.map((edge: { node: { id: string } }) => edge.node.id), rest.pageInfo.hasNextPage]).toEqual([[ids[0]], false])
    expect(rest.edges[0].node).toMatchObject({
      webhookId: uuidOf(ids[0] ?? ''),
      type: 'enrollment.started',
      state: 'DELIVERED',
      payload: { type: 'enrollment.started', data: { enrollment: { key: 'k' }, contact: { externalId: null } } },
      attempts: [{ at: '2025-06-15T12:00:00.000Z', status: 500, code: 'HTTP_500', millis: 12 }],
      nextAttemptAt: null,
    })
    expect((await page({ states: ['FAILED'] })).edges).toHaveLength(2)
    const found = await api.graphql(key, 'query ($id: ID!) { node(id: $id) { id ... on WebhookDelivery { state } } }', { id: ids[1] })
    expect(found.data.node).toEqual({ id: ids[1], state: 'FAILED' })
  })

  test('is asked again by name, or for all that failed since', async () => {
    const { key } = await api.workspace()
    const { endpoint } = await create(key)
    const ids = await told(endpoint.id, ['DELIVERED', 'FAILED', 'FAILED'])
    const ask = async (over: object) => (await api.graphql(key, REPLAY, { input: { endpointId: endpoint.id, ...over } })).data.replayWebhookDeliveries
    expect(await ask({ deliveryIds: [ids[0]] })).toEqual({ replayed: 1, userErrors: [] })
    expect(await ask({ failedSince: new Date(Date.now() + 60_000).toISOString() })).toEqual({ replayed: 0, userErrors: [] })
    const failed = { failedSince: new Date(Date.now() - 60_000).toISOString(), idempotencyKey: 'again' }
    expect(await ask(failed)).toEqual({ replayed: 2, userErrors: [] })
    const { rows } = await database.owner.query('SELECT status, tries, due_at <= now() AS due FROM webhook_delivery WHERE endpoint_id = $1', [
      uuidOf(endpoint.id),
    ])
    expect(rows).toEqual(Array(3).fill({ status: 'PENDING', tries: 0, due: true }))
    await database.owner.query(`UPDATE webhook_delivery SET status = 'FAILED', due_at = NULL WHERE endpoint_id = $1`, [uuidOf(endpoint.id)])
    expect(await ask(failed)).toEqual({ replayed: 2, userErrors: [] })
    expect(
      (await database.owner.query(`SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND status = 'FAILED'`, [uuidOf(endpoint.id)])).rowCount,
    ).toBe(3)
  })

  test('is asked for one thing, of an endpoint that is enabled', async () => {
    const { key } = await api.workspace()
    const { endpoint } = await create(key)
    const ids = await told(endpoint.id, ['FAILED'])
    const ask = async (over: object) =>
      (await api.graphql(key, REPLAY, { input: { endpointId: endpoint.id, ...over } })).data.replayWebhookDeliveries.userErrors
    expect(await ask({})).toEqual([{ code: 'INVALID_INPUT', path: ['deliveryIds'] }])
    expect(await ask({ deliveryIds: ids, failedSince: new Date().toISOString() })).toEqual([{ code: 'INVALID_INPUT', path: ['deliveryIds'] }])
    expect(await ask({ deliveryIds: [endpoint.id] })).toEqual([{ code: 'NOT_FOUND', path: ['deliveryIds', '0'] }])
    expect(await ask({ deliveryIds: Array(101).fill(ids[0]) })).toEqual([{ code: 'LIMIT_EXCEEDED', path: ['deliveryIds'] }])
    await update(key, { id: endpoint.id, enabled: false })
    expect(await ask({ deliveryIds: ids })).toEqual([{ code: 'CONFLICT', path: ['endpointId'] }])
  })
})

test('another workspace’s endpoints and deliveries are not there, and no key without the scope changes any', async () => {
  const [mine, theirs] = [await api.workspace(), await api.workspace()]
  const { endpoint } = await create(theirs.key)
  const [delivery] = await told(endpoint.id, ['FAILED'])
  const before = await list(theirs.key)
  expect(await list(mine.key)).toEqual([])
  for (const id of [endpoint.id, delivery])
    expect((await api.graphql(mine.key, 'query ($id: ID!) { node(id: $id) { id } }', { id })).data.node).toBeNull()
  expect((await update(mine.key, { id: endpoint.id, enabled: false })).userErrors).toEqual([{ code: 'NOT_FOUND', path: ['id'] }])
  expect((await api.graphql(mine.key, ROTATE, { id: endpoint.id })).data.rotateWebhookSecret).toEqual({
    endpoint: null,
    secret: null,
    userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
  })
  expect((await api.graphql(mine.key, DELETE, { id: endpoint.id })).data.deleteWebhookEndpoint.userErrors[0].code).toBe('NOT_FOUND')
  const own = (await create(mine.key)).endpoint.id
  for (const endpointId of [endpoint.id, own]) {
    const { replayWebhookDeliveries } = (await api.graphql(mine.key, REPLAY, { input: { endpointId, deliveryIds: [delivery] } })).data
    const expected =
      endpointId === own ? { replayed: 0, userErrors: [] } : { replayed: null, userErrors: [{ code: 'NOT_FOUND', path: ['endpointId'] }] }
    expect(replayWebhookDeliveries).toEqual(expected)
  }
  const scoped = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
  const { secret } = (await api.graphql(theirs.key, scoped, { input: { name: 'Writer', scopes: ['WRITE'] } })).data.createApiKey
  for (const [mutation, variables] of [
    [CREATE, { input }],
    [UPDATE, { input: { id: endpoint.id, enabled: false } }],
    [ROTATE, { id: endpoint.id }],
    [DELETE, { id: endpoint.id }],
  ] as const)
    expect((await api.graphql(secret, mutation, { ...variables })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(await list(theirs.key)).toEqual(before)
  const { rows } = await database.owner.query('SELECT status FROM webhook_delivery WHERE endpoint_id = $1', [uuidOf(endpoint.id)])
  expect(rows).toEqual([{ status: 'FAILED' }])
})
