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

const CREATE = `mutation ($input: CreateTopicInput!) { createTopic(input: $input) { topic { id name description } userErrors { code path } } }`

test('a topic is made, listed in its workspace and unknown in every other', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const made = await api.graphql(mine.key, CREATE, { input: { name: 'News', description: 'Twice a month' } })
  expect(made).toMatchObject({
    status: 200,
    errors: undefined,
    data: { createTopic: { topic: { name: 'News', description: 'Twice a month' }, userErrors: [] } },
  })
  expect((await api.graphql(mine.key, '{ topics { id name } }')).data.topics).toEqual([{ id: made.data.createTopic.topic.id, name: 'News' }])
  expect((await api.graphql(other.key, '{ topics { id } }')).data.topics).toEqual([])
  const again = await api.graphql(mine.key, CREATE, { input: { name: 'News' } })
  expect(again.data.createTopic).toEqual({ topic: null, userErrors: [{ code: 'CONFLICT', path: ['name'] }] })
})

test('fifty repetitions with one key make one topic; another body is a conflict', async () => {
  const { key } = await api.workspace()
  const input = { name: 'Offers', idempotencyKey: 'k-1' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.graphql(key, CREATE, { input })))
  const first = answers[0]?.data.createTopic.topic.id
  expect(answers.map((each) => each.data.createTopic)).toEqual(
    answers.map(() => ({ topic: { id: first, name: 'Offers', description: null }, userErrors: [] })),
  )
  expect((await api.graphql(key, '{ topics { name } }')).data.topics).toHaveLength(1)
  const other = await api.graphql(key, CREATE, { input: { ...input, name: 'Other' } })
  expect(other.data.createTopic).toEqual({ topic: null, userErrors: [{ code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] }] })
})
