import { afterAll, beforeAll, expect, test } from 'vitest'
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

const headersOf = ({ headers }: Response) =>
  ['allow-origin', 'allow-methods', 'allow-headers', 'allow-credentials', 'expose-headers'].map((name) => headers.get(`access-control-${name}`))

test('a page of any origin may ask, with a token and without cookies, and read the answer, refusals included', async () => {
  const preflight = await fetch(`${api.url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  expect(preflight.status).toBe(204)
  expect(headersOf(preflight)).toEqual(['*', 'GET, POST', 'authorization, content-type', null, 'x-request-id, retry-after'])
  const { key } = await api.workspace()
  const ask = (authorization: string) =>
    fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { origin: 'https://shop.example', 'content-type': 'application/json', authorization },
      body: '{"query":"{ topics { id } }"}',
    })
  const [answered, refused] = [await ask(`Bearer ${key}`), await ask('Bearer wrong')]
  expect([answered.status, refused.status]).toEqual([200, 401])
  expect([headersOf(answered), headersOf(refused)]).toEqual(Array(2).fill(['*', null, null, null, 'x-request-id, retry-after']))
})

test('no other door is open to pages', async () => {
  for (const path of ['/', '/health', '/webhooks/sendgrid/x', '/none']) {
    expect([path, headersOf(await fetch(`${api.url}${path}`))[0]]).toEqual([path, null])
    expect([path, headersOf(await fetch(`${api.url}${path}`, { method: 'OPTIONS' }))[0]]).toEqual([path, null])
  }
})
