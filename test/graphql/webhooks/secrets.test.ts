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

const SET = 'mutation ($input: SetSecretInput!) { setSecret(input: $input) { secret { name createdAt updatedAt } userErrors { code path } } }'
const REMOVE = 'mutation ($name: String!) { removeSecret(input: { name: $name }) { secret { name } userErrors { code path } } }'
const set = async (key: string, name: string, value = 'hush') => (await api.graphql(key, SET, { input: { name, value } })).data.setSecret
const names = async (key: string) => (await api.graphql(key, '{ secrets { name } }')).data.secrets.map((each: { name: string }) => each.name)

test('a secret goes in under a name, is sealed, and never comes out', async () => {
  const { id, key } = await api.workspace()
  expect(await set(key, 'token', 'open-sesame')).toMatchObject({ secret: { name: 'token' }, userErrors: [] })
  expect(await set(key, 'another')).toMatchObject({ userErrors: [] })
  expect(await names(key)).toEqual(['another', 'token'])
  const { rows } = await database.owner.query('SELECT * FROM workspace_secret WHERE workspace_id = $1', [id])
  expect(rows).toHaveLength(2)
  for (const row of rows) expect(Buffer.from(row.value).includes('open-sesame')).toBe(false)
  const schema = (await api.graphql(key, '{ __type(name: "Secret") { fields { name } } }')).data.__type.fields
  expect(schema.map((field: { name: string }) => field.name).sort()).toEqual(['createdAt', 'name', 'updatedAt'])
})

test('the same name takes another value', async () => {
  const { id, key } = await api.workspace()
  const sealed = async () =>
    (await database.owner.query('SELECT value FROM workspace_secret WHERE workspace_id = $1', [id])).rows.map(({ value }) => String(value))
  await set(key, 'token', 'one')
  const before = await sealed()
  const { secret } = await set(key, 'token', 'two')
  expect(new Date(secret.updatedAt).getTime()).toBeGreaterThanOrEqual(new Date(secret.createdAt).getTime())
  const after = await sealed()
  expect([after.length, after[0] === before[0]]).toEqual([1, false])
})

test.each([
  ['', 'x', 'name'],
  ['1a', 'x', 'name'],
  ['a-b', 'x', 'name'],
  ['a'.repeat(101), 'x', 'name'],
  ['a', '', 'value'],
  ['a', 'x'.repeat(8_001), 'value'],
])('%j with %j is refused', async (name, value, field) => {
  const { key } = await api.workspace()
  expect(await set(key, name, value)).toEqual({ secret: null, userErrors: [{ code: 'INVALID_INPUT', path: [field] }] })
  expect(await names(key)).toEqual([])
})

test('a removed one is gone, and one that is not there is not found', async () => {
  const { key } = await api.workspace()
  await set(key, 'token')
  expect((await api.graphql(key, REMOVE, { name: 'token' })).data.removeSecret).toEqual({ secret: null, userErrors: [] })
  expect(await names(key)).toEqual([])
  expect((await api.graphql(key, REMOVE, { name: 'token' })).data.removeSecret.userErrors).toEqual([{ code: 'NOT_FOUND', path: ['name'] }])
})

test('nobody sees, sets or removes another workspace’s, nor without the scope', async () => {
  const [mine, theirs] = [await api.workspace(), await api.workspace()]
  await set(theirs.key, 'token', 'theirs')
  expect(await names(mine.key)).toEqual([])
  expect((await api.graphql(mine.key, REMOVE, { name: 'token' })).data.removeSecret.userErrors[0].code).toBe('NOT_FOUND')
  await set(mine.key, 'token', 'mine')
  expect(
    (
      await database.owner.query('SELECT count(*)::int AS n FROM workspace_secret WHERE name = $1 AND workspace_id = ANY ($2)', [
        'token',
        [mine.id, theirs.id],
      ])
    ).rows,
  ).toEqual([{ n: 2 }])
  const create = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }'
  const { secret } = (await api.graphql(theirs.key, create, { input: { name: 'Writer', scopes: ['WRITE'] } })).data.createApiKey
  expect((await api.graphql(secret, SET, { input: { name: 'token', value: 'x' } })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect((await api.graphql(secret, REMOVE, { name: 'token' })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  expect(await names(secret)).toEqual(['token'])
})

test('a workspace has at most two hundred, and two new ones at once are both counted', async () => {
  const { id, key } = await api.workspace()
  await database.owner.query(`INSERT INTO workspace_secret (workspace_id, name, value) SELECT $1, 'n' || n, '' FROM generate_series(1, 199) AS n`, [
    id,
  ])
  const answers = await Promise.all([set(key, 'a'), set(key, 'b'), set(key, 'c')])
  expect(answers.map((answer) => answer.userErrors[0]?.code ?? 'kept').sort()).toEqual(['LIMIT_EXCEEDED', 'LIMIT_EXCEEDED', 'kept'])
  expect(await set(key, 'n1', 'another')).toMatchObject({ userErrors: [] })
})

test('a graph that asks for one is published once it is there', async () => {
  const { key } = await api.workspace()
  const graph = {
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'go' } } },
      {
        key: 'call',
        config: { webhook: { method: 'GET', url: 'https://hooks.example/x', headers: [{ name: 'X-Key', value: '{{ secrets.token }}' }] } },
      },
    ],
    edges: [{ from: 'start', port: 'next', to: 'call' }],
  }
  const { data } = await api.graphql(
    key,
    'mutation ($graph: JourneyGraphInput!) { createJourney(input: { name: "A", graph: $graph }) { journey { id draft { problems { code node path } } } } }',
    { graph },
  )
  const draft = data?.createJourney.journey.draft
  expect(draft.problems).toMatchObject([{ code: 'UNKNOWN_SECRET', path: ['headers', '0', 'value'] }])
  await set(key, 'token')
  const publish = 'mutation ($id: ID!) { publishJourney(input: { id: $id }) { journey { status } userErrors { code message path } } }'
  expect((await api.graphql(key, publish, { id: data.createJourney.journey.id })).data.publishJourney).toEqual({
    journey: { status: 'LIVE' },
    userErrors: [],
  })
})
