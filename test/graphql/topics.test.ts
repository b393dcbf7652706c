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

const UPDATE = `mutation ($input: UpdateTopicInput!) { updateTopic(input: $input) { topic { name description } userErrors { code path message } } }`
const DELETE = `mutation ($id: ID!) { deleteTopic(input: { id: $id }) { topic { name deletedAt } userErrors { code path message } } }`
const topic = async (key: string, name: string): Promise<string> => (await api.graphql(key, CREATE, { input: { name } })).data.createTopic.topic.id

test('a topic is changed where something is given, and keeps its name to itself', async () => {
  const [{ key }, other] = [await api.workspace(), await api.workspace()]
  const [news] = [await topic(key, 'News'), await topic(key, 'Offers')]
  const update = async (input: object, as = key) => (await api.graphql(as, UPDATE, { input: { id: news, ...input } })).data.updateTopic
  expect(await update({ name: 'Letters', description: 'Monthly' })).toEqual({ topic: { name: 'Letters', description: 'Monthly' }, userErrors: [] })
  expect(await update({ name: 'Post' })).toEqual({ topic: { name: 'Post', description: 'Monthly' }, userErrors: [] })
  expect(await update({ description: null })).toEqual({ topic: { name: 'Post', description: null }, userErrors: [] })
  expect(await update({ name: 'Offers' })).toMatchObject({ topic: null, userErrors: [{ code: 'CONFLICT', path: ['name'] }] })
  expect(await update({ name: ' ' })).toMatchObject({ topic: null, userErrors: [{ code: 'INVALID_INPUT', path: ['name'] }] })
  expect(await update({ name: 'Mine' }, other.key)).toMatchObject({ topic: null, userErrors: [{ code: 'NOT_FOUND', path: ['id'] }] })
  expect((await api.graphql(key, '{ topics { name } }')).data.topics).toEqual([{ name: 'Offers' }, { name: 'Post' }])
})

test('a deleted topic is asked of nobody, its name is free, and what was said to it stays on record as said to it', async () => {
  const [{ key }, other] = [await api.workspace(), await api.workspace()]
  const news = await topic(key, 'News')
  const consent = `mutation ($topicId: ID!) { setConsent(input: { contact: { externalId: "ada" }, topicId: $topicId, state: WITHDRAWN, purpose: "p", source: "s" })
    { contact { consents { state topic { id name deletedAt } } } userErrors { code path } } }`
  expect((await api.graphql(key, consent, { topicId: news })).data.setConsent.userErrors).toEqual([])
  expect((await api.graphql(other.key, DELETE, { id: news })).data.deleteTopic.userErrors).toMatchObject([{ code: 'NOT_FOUND' }])
  const gone = (await api.graphql(key, DELETE, { id: news })).data.deleteTopic
  expect(gone).toEqual({ topic: { name: 'News', deletedAt: expect.any(String) }, userErrors: [] })
  // Said again it answers the same.
  expect((await api.graphql(key, DELETE, { id: news })).data.deleteTopic).toEqual(gone)
  expect((await api.graphql(key, '{ topics { name } }')).data.topics).toEqual([])
  expect((await api.graphql(key, consent, { topicId: news })).data.setConsent.userErrors).toEqual([{ code: 'NOT_FOUND', path: ['topicId'] }])
  const found = await api.graphql(key, '{ contact(ref: { externalId: "ada" }) { consents { state topic { id deletedAt } } } }')
  expect(found.data.contact.consents).toEqual([{ state: 'WITHDRAWN', topic: { id: news, deletedAt: gone.topic.deletedAt } }])
  expect(await topic(key, 'News')).not.toBe(news)
})

test('a topic in use is not deleted: by a journey that lets people in or is paused, or a broadcast under way', async () => {
  const { key } = await api.workspace()
  const [journeys, audience, about, free] = [await topic(key, 'A'), await topic(key, 'B'), await topic(key, 'C'), await topic(key, 'D')]
  const made = await api.graphql(key, 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } } }', {
    input: { name: 'Mail', channel: 'SMS', variants: [{ locale: 'en', content: { body: 'Hi' } }] },
  })
  const templateId = made.data.createTemplate.template.id
  const graph = {
    nodes: [
      { key: 'start', config: { eventTrigger: { event: 'seen' } } },
      { key: 'sms', config: { sms: { templateId, topicId: journeys } } },
    ],
    edges: [{ from: 'start', port: 'next', to: 'sms' }],
  }
  const create = 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message } } }'
  const { id } = (await api.graphql(key, create, { input: { name: 'Welcome', graph } })).data.createJourney.journey
  const move = (how: string) => api.graphql(key, `mutation ($id: ID!) { ${how}Journey(input: { id: $id }) { userErrors { code message } } }`, { id })
  await move('publish')
  const broadcast = 'mutation ($input: CreateBroadcastInput!) { createBroadcast(input: $input) { broadcast { id } userErrors { code message } } }'
  for (const input of [{ audience: { consent: { topic: audience, state: 'GRANTED' } } }, { audience: { tag: 'x' }, topicId: about }])
    expect((await api.graphql(key, broadcast, { input: { name: 'Sale', templateId, ...input } })).data.createBroadcast.userErrors).toEqual([])
  const refusal = async (topicId: string) => (await api.graphql(key, DELETE, { id: topicId })).data.deleteTopic.userErrors
  const inUse = (by: string) => [{ code: 'CONFLICT', path: ['id'], message: `The ${by} uses it.` }]
  expect(await refusal(journeys)).toEqual(inUse('journey «Welcome»'))
  expect(await refusal(audience)).toEqual(inUse('broadcast «Sale»'))
  expect(await refusal(about)).toEqual(inUse('broadcast «Sale»'))
  expect(await refusal(free)).toEqual([])
  await move('pause')
  expect(await refusal(journeys)).toEqual(inUse('journey «Welcome»'))
  await move('archive')
  expect(await refusal(journeys)).toEqual([])
})

test('of a topic that is deleted while a journey that uses it is published, one is refused', async () => {
  const { key } = await api.workspace()
  const made = await api.graphql(key, 'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } } }', {
    input: { name: 'Mail', channel: 'SMS', variants: [{ locale: 'en', content: { body: 'Hi' } }] },
  })
  for (let round = 0; round < 8; round++) {
    const topicId = await topic(key, `T${round}`)
    const nodes = [
      { key: 'start', config: { eventTrigger: { event: 'seen' } } },
      { key: 'sms', config: { sms: { templateId: made.data.createTemplate.template.id, topicId } } },
    ]
    const create = 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } } }'
    const input = { name: `J${round}`, graph: { nodes, edges: [{ from: 'start', port: 'next', to: 'sms' }] } }
    const { id } = (await api.graphql(key, create, { input })).data.createJourney.journey
    const [published, deleted] = await Promise.all([
      api.graphql(key, 'mutation ($id: ID!) { publishJourney(input: { id: $id }) { userErrors { code } } }', { id }),
      api.graphql(key, DELETE, { id: topicId }),
    ])
    const refused = [published.data.publishJourney.userErrors, deleted.data.deleteTopic.userErrors].map((errors) => errors.length)
    expect(refused.toSorted()).toEqual([0, 1])
  }
})
