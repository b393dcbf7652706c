import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let api: TestApi
let key: string
beforeAll(async () => {
  database = await openTestDatabase()
  api = await startTestApi(database)
  key = (await api.workspace()).key
})
afterAll(async () => {
  await api.close()
  await database.close()
})

const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const codeOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code,
]

test('without a sound key nothing is answered, introspection included, and every wrong key looks the same', async () => {
  const answers = []
  for (const authorization of ['', 'Bearer', 'Bearer tl_unknown', `Basic ${key}`]) {
    const response = await post({ query: '{ __schema { types { name } } }' }, { authorization })
    answers.push([response.status, await response.json()])
  }
  expect(answers[0]).toEqual([
    401,
    { errors: [{ message: 'No valid API key or contact token came with the request.', extensions: { code: 'UNAUTHENTICATED' } }] },
  ])
  expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1)
  expect((await post({ query: '{ __schema { queryType { name } } }' })).status).toBe(200)
})

test('what is too deep, too wide, too long or too costly is refused before it runs', async () => {
  const deep = `{ ${'a { '.repeat(20)} b ${'}'.repeat(20)} }`
  const wide = `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: topics { id }`).join(' ')} }`
  const long = `{ ${'topics { id } '.repeat(3_000)} }`
  const costly = '{ contacts(first: 100) { edges { node { events(first: 100) { edges { node { id } } } } } } }'
  expect(await codeOf(await post({ query: deep }))).toEqual([413, 'LIMIT_EXCEEDED'])
  expect(await codeOf(await post({ query: wide }))).toEqual([413, 'LIMIT_EXCEEDED'])
  expect(await codeOf(await post({ query: long }))).toEqual([400, 'INVALID_INPUT'])
  expect(await codeOf(await post({ query: costly }))).toEqual([413, 'LIMIT_EXCEEDED'])
  const twice = 'query ($n: Int) { contacts(first: $n) { edges { node { events(first: $n) { edges { node { id } } } } } } }'
  expect((await post({ query: twice, variables: { n: 2 } })).status).toBe(200)
  expect(await codeOf(await post({ query: twice, variables: { n: 100 } }))).toEqual([413, 'LIMIT_EXCEEDED'])
})

test('a body above the limit, a batch, and a form are refused', async () => {
  const large = await post(`{"query":"${'x'.repeat(8 * 1024 * 1024)}"}`)
  expect([large.status, ((await large.json()) as { error: { code: string } }).error.code]).toEqual([413, 'LIMIT_EXCEEDED'])
  expect((await post([{ query: '{ topics { id } }' }])).status).toBe(400)
  expect((await post('{ topics { id } }', { 'content-type': 'text/plain' })).status).toBe(400)
  const get = await fetch(`${api.url}/graphql?query=${encodeURIComponent('{ topics { id } }')}`, { headers: { authorization: `Bearer ${key}` } })
  expect(get.status).toBe(400)
})

test('a fault of ours tells its request id and nothing of the inside', async () => {
  await database.owner.query('ALTER TABLE topic RENAME TO topic_away')
  try {
    const response = await post({ query: '{ topics { id } }' })
    const body = (await response.json()) as { errors: { message: string; extensions: object }[] }
    expect(body.errors).toMatchObject([
      {
        message: 'A fault of ours; the log has it under the request id.',
        extensions: { code: 'INTERNAL', requestId: response.headers.get('x-request-id') },
      },
    ])
    expect(JSON.stringify(body)).not.toMatch(/topic_away|relation|stack|select/i)
  } finally {
    await database.owner.query('ALTER TABLE topic_away RENAME TO topic')
  }
})

test('a key that has spent its minute waits', async () => {
  const poor = await startTestApi(database, { rateLimitPerMinute: 30 })
  try {
    const { key: mine } = await poor.workspace()
    const { key: other } = await poor.workspace()
    const query = '{ contacts(first: 12) { edges { node { id } } } }'
    expect((await poor.graphql(mine, query)).status).toBe(200)
    const refused = await poor.graphql(mine, query)
    expect([refused.status, refused.errors?.[0]?.extensions.code, refused.headers.get('retry-after')]).toEqual([
      429,
      'RATE_LIMITED',
      String(refused.errors?.[0]?.extensions.retryAfter),
    ])
    expect((await poor.graphql(other, query)).status).toBe(200)
  } finally {
    await poor.close()
  }
})

test('GraphiQL is served whole from here: no asset of its page is anybody else’s', async () => {
  const page = await (await fetch(`${api.url}/`)).text()
  expect(page).not.toMatch(/(src|href|import)\s*[=(]?\s*["']https?:/)
  const assets = [...page.matchAll(/["'](\/graphiql\/[^"']+)["']/g)].map((match) => match[1] ?? '')
  expect(assets.length).toBeGreaterThan(0)
  for (const asset of assets) expect([asset, (await fetch(`${api.url}${asset}`)).status]).toEqual([asset, asset.includes('.') ? 200 : 404])
})

test('health: the process lives, and is ready while the database answers', async () => {
  expect([(await fetch(`${api.url}/health/live`)).status, (await fetch(`${api.url}/health/ready`)).status]).toEqual([200, 200])
  const nothing = await fetch(`${api.url}/nothing`)
  expect([nothing.status, await nothing.json()]).toEqual([404, { error: { code: 'NOT_FOUND', message: 'There is nothing here.' } }])
})
