import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { authenticate } from '../../src/services/api-keys.ts'
import { type Answer, startTestApi, type TestApi } from '../support/app.ts'
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

const CREATE_KEY = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id name } secret userErrors { code path } } }'
const CREATE_ENDPOINT = `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { endpoint { id } secret userErrors { code path } } }`
const ROTATE = `mutation ($input: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $input) { endpoint { id } secret userErrors { code path } } }`
const CREATE_INCOMING = `mutation ($input: CreateIncomingWebhookInput!) { createIncomingWebhook(input: $input) { webhook { id } secret userErrors { code path } } }`
const CHANGE = `mutation ($input: ChangeIncomingSecretInput!) { changeIncomingSecret(input: $input) { webhook { id } secret userErrors { code path } } }`
const MAPPING = { eventName: 'called', contactKind: 'EXTERNAL_ID', contactPath: 'body.customer' }

const payload = (answer: Answer) => {
  expect(answer.errors).toBeUndefined()
  return Object.values(answer.data)[0] as { secret: string | null; userErrors: object[]; [key: string]: unknown }
}

/** Each mutation with an input of its own, and another body under the same key. */
async function cases(key: string): Promise<[string, string, object, object][]> {
  const endpoint = payload(await api.graphql(key, CREATE_ENDPOINT, { input: { url: 'https://example.com/a', eventTypes: ['GOAL_REACHED'] } }))
    .endpoint as { id: string }
  const incoming = payload(await api.graphql(key, CREATE_INCOMING, { input: { name: 'shop', verification: 'STANDARD', mapping: MAPPING } }))
    .webhook as {
    id: string
  }
  return [
    ['createApiKey', CREATE_KEY, { name: 'reader', scopes: ['READ'] }, { name: 'other', scopes: ['READ'] }],
    [
      'createWebhookEndpoint',
      CREATE_ENDPOINT,
      { url: 'https://example.com/b', eventTypes: ['GOAL_REACHED'] },
      { url: 'https://example.com/c', eventTypes: ['GOAL_REACHED'] },
    ],
    ['rotateWebhookSecret', ROTATE, { id: endpoint.id }, { id: 'other' }],
    [
      'createIncomingWebhook',
      CREATE_INCOMING,
      { name: 'crm', verification: 'STANDARD', mapping: MAPPING },
      { name: 'erp', verification: 'STANDARD', mapping: MAPPING },
    ],
    ['changeIncomingSecret', CHANGE, { id: incoming.id }, { id: incoming.id, secret: `whsec_${Buffer.alloc(32).toString('base64')}` }],
  ]
}

test('whoever lost the answer is told the same secret again, which is nowhere in the clear; without a key, another', async () => {
  const { key } = await api.workspace()
  for (const [name, mutation, input] of await cases(key)) {
    const asked = { ...input, idempotencyKey: randomUUID() }
    const answers = await Promise.all(Array.from({ length: 5 }, async () => payload(await api.graphql(key, mutation, { input: asked }))))
    const [first] = answers
    expect([name, first?.userErrors, typeof first?.secret]).toEqual([name, [], 'string'])
    expect(answers).toEqual(answers.map(() => first))
    const { rows } = await database.owner.query<{ kept: string }>('SELECT i::text AS kept FROM idempotency AS i')
    const secret = first?.secret ?? ''
    for (const form of [secret, secret.slice(8), Buffer.from(secret).toString('base64').slice(0, 40)])
      expect(rows.filter(({ kept }) => kept.includes(form))).toEqual([])
  }
})

test('another body under the same key is a conflict, and has changed nothing', async () => {
  const { key } = await api.workspace()
  for (const [name, mutation, input, other] of await cases(key)) {
    const idempotencyKey = randomUUID()
    const { secret } = payload(await api.graphql(key, mutation, { input: { ...input, idempotencyKey } }))
    if (!('id' in other) || other.id !== 'other') {
      const refused = payload(await api.graphql(key, mutation, { input: { ...other, idempotencyKey } }))
      expect([name, refused.secret, refused.userErrors]).toEqual([name, null, [{ code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] }]])
    }
    expect(payload(await api.graphql(key, mutation, { input: { ...input, idempotencyKey } })).secret).toBe(secret)
  }
})

test('a key told twice is one key, and works; another workspace’s repetition is its own', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const input = { name: 'reader', scopes: ['READ'], idempotencyKey: 'k-1' }
  const [first, again, theirs] = [
    payload(await api.graphql(mine.key, CREATE_KEY, { input })),
    payload(await api.graphql(mine.key, CREATE_KEY, { input })),
    payload(await api.graphql(other.key, CREATE_KEY, { input })),
  ]
  expect(again).toEqual(first)
  expect(theirs.secret).not.toBe(first.secret)
  expect(await authenticate(api.services, first.secret ?? '')).toMatchObject({ workspaceId: mine.id, scopes: ['read'] })
  expect((await api.graphql(mine.key, '{ apiKeys { name } }')).data.apiKeys.map((each: { name: string }) => each.name)).toEqual([
    expect.any(String),
    'reader',
  ])
})
