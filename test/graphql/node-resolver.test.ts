import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../../src/domain/global-id.ts'
import { newLanedId } from '../../src/store/new-id.ts'
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

const NODE = 'query ($id: ID!) { node(id: $id) { __typename id } }'

test('every id that is answered is found again, and only in its own workspace', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const made = await api.graphql(
    mine.key,
    `mutation {
      createTopic(input: { name: "News" }) { topic { id } }
      upsertContact(input: { contact: { externalId: "u-1" } }) { contact { id } }
      addIdentity(input: { contact: { externalId: "u-1" }, channel: EMAIL, address: "a@example.com" }) { identity { id } }
      createTemplate(input: { name: "Hi", channel: SMS, variants: [{ locale: "en", content: { body: "Hi" } }] }) { template { id } }
      connectProvider(input: { provider: "twilio", name: "T", credentials: { accountSid: "AC00000000000000000000000000000000", authToken: "t" }, settings: { from: "+12025550123" } }) { connection { id } }
      createApiKey(input: { name: "K", scopes: [READ] }) { apiKey { id } secret }
      setKeywordRule(input: { channel: SMS, action: OPT_OUT, keywords: ["nein danke"] }) { rule { id } }
      createJourney(input: { name: "J", graph: { nodes: [{ key: "bye", config: { exit: {} } }], edges: [] } }) { journey { id draft { nodes { id } } } userErrors { message path } }
    }`,
  )
  expect(made.errors).toBeUndefined()
  const { createTopic, upsertContact, addIdentity, createTemplate, connectProvider, createApiKey, createJourney, setKeywordRule } = made.data
  const workspace = (await api.graphql(mine.key, '{ workspace { id } }')).data.workspace
  const ids: Record<string, string> = {
    Topic: createTopic.topic.id,
    Contact: upsertContact.contact.id,
    ChannelIdentity: addIdentity.identity.id,
    Template: createTemplate.template.id,
    ProviderConnection: connectProvider.connection.id,
    ApiKey: createApiKey.apiKey.id,
    Journey: createJourney.journey.id,
    KeywordRule: setKeywordRule.rule.id,
    ExitNode: createJourney.journey.draft.nodes[0].id,
    Workspace: workspace.id,
  }
  for (const [type, id] of Object.entries(ids)) {
    expect((await api.graphql(mine.key, NODE, { id })).data).toEqual({ node: { __typename: type, id } })
    expect([type, (await api.graphql(other.key, NODE, { id })).data]).toEqual([type, { node: null }])
  }
  // A key that may not list keys is not told of one.
  expect((await api.graphql(createApiKey.secret, NODE, { id: ids.ApiKey })).data).toEqual({ node: null })
})

test('what is no id of ours is nothing', async () => {
  const { key } = await api.workspace()
  const raw = [
    'Contact:01990000-0000-8000-8000-000000000000',
    'Contact:nonsense',
    'Nothing:01990000-0000-8000-8000-000000000000',
    'JourneyNode:01990000-0000-7000-8000-000000000000',
    "Topic:' OR 1=1",
  ]
  for (const id of [...raw.map((each) => Buffer.from(each).toString('base64url')), '', '%%%', 'x'.repeat(5_000)]) {
    expect((await api.graphql(key, NODE, { id })).data).toEqual({ node: null })
  }
})

test('an event is found by its id alone, which says when it arrived, and leads to who did it', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const [contact, at] = [newLanedId(5), Date.UTC(2026, 2, 1, 12, 0, 0, 250)]
  await database.owner.query('INSERT INTO contact (lane, id, workspace_id) VALUES (5, $1, $2)', [contact, mine.id])
  const events = await Promise.all(
    ['first', 'second'].map(async (name) => {
      const id = newLanedId(5, at)
      await database.owner.query(
        `INSERT INTO event (lane, id, workspace_id, contact_id, name, properties, occurred_at, received_at) VALUES (5, $1, $2, $3, $4, '{}', now(), $5)`,
        // A tick that looked at the clock before it arrived keeps it where that stood.
        [id, mine.id, contact, name, new Date(name === 'first' ? at : at - 3)],
      )
      return encodeGlobalId('Event', id)
    }),
  )
  const query = 'query ($id: ID!) { node(id: $id) { id ... on Event { name contact { id } } } }'
  for (const [n, id] of events.entries()) {
    const found = await api.graphql(mine.key, query, { id })
    expect(found.data.node).toEqual({ id, name: ['first', 'second'][n], contact: { id: encodeGlobalId('Contact', contact) } })
    expect((await api.graphql(other.key, query, { id })).data.node).toBeNull()
  }
})
