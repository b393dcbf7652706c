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

const FIELDS = 'id channel action keywords reply { variants { locale content } }'
const SET = `mutation ($input: SetKeywordRuleInput!) { setKeywordRule(input: $input) { rule { ${FIELDS} } userErrors { code path } } }`
const REMOVE = 'mutation ($input: RemoveKeywordRuleInput!) { removeKeywordRule(input: $input) { removedId userErrors { code path } } }'
const LIST = `{ keywordRules { ${FIELDS} } }`

test('a rule is set, changed and removed in its own workspace', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const input = { channel: 'SMS', action: 'REPLY', keywords: ['Hours'], replies: [{ locale: 'en', text: 'From 9' }] }
  const made = (await api.graphql(mine.key, SET, { input })).data.setKeywordRule
  const rule = { channel: 'SMS', action: 'REPLY', keywords: ['hours'], reply: { variants: [{ locale: 'en', content: { body: 'From 9' } }] } }
  expect(made).toEqual({ rule: { id: expect.any(String), ...rule }, userErrors: [] })
  const { id } = made.rule
  expect((await api.graphql(mine.key, LIST)).data.keywordRules).toEqual([{ id, ...rule }])
  expect((await api.graphql(other.key, LIST)).data.keywordRules).toEqual([])
  const missing = [{ code: 'NOT_FOUND', path: ['id'] }]
  expect((await api.graphql(other.key, SET, { input: { ...input, id } })).data.setKeywordRule).toEqual({ rule: null, userErrors: missing })
  const changed = (await api.graphql(mine.key, SET, { input: { id, channel: 'SMS', action: 'OPT_OUT', keywords: ['basta'] } })).data.setKeywordRule
  expect(changed.rule).toEqual({ id, channel: 'SMS', action: 'OPT_OUT', keywords: ['basta'], reply: null })
  expect((await api.graphql(other.key, REMOVE, { input: { id } })).data.removeKeywordRule).toEqual({ removedId: null, userErrors: missing })
  expect((await api.graphql(mine.key, REMOVE, { input: { id } })).data.removeKeywordRule).toEqual({ removedId: id, userErrors: [] })
  expect((await api.graphql(mine.key, LIST)).data.keywordRules).toEqual([])
})
