import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newLanedId } from '../../../src/store/new-id.ts'
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

const uuidOf = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? ''
const HOUR = 3_600_000
const NOON = Date.UTC(2026, 2, 10, 12)

const graph = (templateId: string) => ({
  settings: { purpose: 'TRANSACTIONAL' },
  nodes: [
    { key: 'start', config: { apiTrigger: {} } },
    { key: 'mail', config: { email: { templateId, followUps: [{ on: 'IGNORED', after: 'P1D' }] } } },
    { key: 'end', config: { exit: {} } },
  ],
  edges: [
    { from: 'start', port: 'next', to: 'mail' },
    { from: 'mail', port: 'next', to: 'end' },
    { from: 'mail', port: 'ignored', to: 'end' },
  ],
})

/** A journey that was published so many times; ids of its versions, oldest first. */
async function published(key: string, times: number): Promise<{ id: string; versions: string[] }> {
  const content = { subject: 'Hello', html: '<p>Hello</p>' }
  const made = await api.graphql(
    key,
    'mutation ($input: CreateTemplateInput!) { createTemplate(input: $input) { template { id } userErrors { message } } }',
    { input: { name: `T ${newLanedId(1)}`, channel: 'EMAIL', variants: [{ locale: 'en', content }] } },
  )
  const created = await api.graphql(key, 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } } }', {
    input: { name: 'J', graph: graph(made.data.createTemplate.template.id) },
  })
  const { id } = created.data.createJourney.journey
  const versions: string[] = []
  for (let n = 0; n < times; n++) {
    const answer = await api.graphql(
      key,
      'mutation ($id: ID!) { publishJourney(input: { id: $id }) { journey { liveVersion { id } } userErrors { message } } }',
      { id },
    )
    versions.push(uuidOf(answer.data.publishJourney.journey.liveVersion.id))
  }
  return { id, versions }
}

async function count(workspaceId: string, journeyId: string, versionId: string, at: number, counts: [node: string, metric: string, n: number][]) {
  for (const lane of [1, 2])
    for (const [node, metric, n] of counts)
      await database.owner.query(
        'INSERT INTO node_stats (lane, version_id, node, metric, hour, workspace_id, journey_id, n) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
        [lane, versionId, node, metric, new Date(at), workspaceId, uuidOf(journeyId), n],
      )
}

const resting = (workspaceId: string, journeyId: string, versionId: string, node: string) =>
  database.owner.query(
    `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, node, state, entered_at) VALUES (7, $1, $2, $3, $4, $5, 'ACTIVE', $6, '{}', now())`,
    [newLanedId(7), workspaceId, uuidOf(journeyId), versionId, newLanedId(7), node],
  )

const STATS = 'stats { node entered waiting left { port count } suppressed { reason count } messages { channel sent deliveryRate } }'
const nodes = (all: { key: string; stats: unknown }[]) => Object.fromEntries(all.map(({ key, stats }) => [key, stats]))
const NOTHING = { entered: 0, waiting: 0, left: [], suppressed: [], messages: null }

test('a node shows the numbers of the version it is read from; a draft’s, and one found by its id, those of the live version', async () => {
  const { id: workspaceId, key } = await api.workspace()
  const { id, versions } = await published(key, 2)
  const [first = '', second = ''] = versions
  await count(workspaceId, id, first, NOON, [
    ['mail', 'entered', 4],
    ['mail', 'left:next', 3],
  ])
  await count(workspaceId, id, second, NOON, [
    ['', 'started', 9],
    ['mail', 'entered', 5],
    ['mail', 'sent@email', 2],
    ['mail', 'delivered@email', 1],
    ['mail', 'suppressed:no_consent', 1],
  ])
  await count(workspaceId, id, second, NOON + HOUR, [['mail', 'entered', 50]])
  for (const version of [first, second, second]) await resting(workspaceId, id, version, 'mail')
  const mail = {
    node: 'mail',
    entered: 110,
    waiting: 2,
    left: [],
    suppressed: [{ reason: 'no_consent', count: 2 }],
    messages: { channel: 'EMAIL', sent: 4, deliveryRate: 0.5 },
  }
  const live = { start: { ...NOTHING, node: 'start' }, mail, end: { ...NOTHING, node: 'end' } }
  const { data } = await api.graphql(
    key,
    `query ($id: ID!) { journey(id: $id) { draft { nodes { id key ${STATS} } } versions(last: 2) { edges { node { graph { nodes { key ${STATS} } } } } } } }`,
    { id },
  )
  const [newest, oldest] = data.journey.versions.edges.map((edge: { node: { graph: { nodes: [] } } }) => nodes(edge.node.graph.nodes))
  expect(newest).toEqual(live)
  expect(nodes(data.journey.draft.nodes)).toEqual(live)
  expect(oldest.mail).toEqual({
    node: 'mail',
    entered: 8,
    waiting: 1,
    left: [{ port: 'next', count: 6 }],
    suppressed: [],
    messages: { channel: 'EMAIL', sent: 0, deliveryRate: null },
  })
  const ids = data.journey.draft.nodes.map((node: { id: string }) => node.id)
  const found = await api.graphql(key, `query ($id: ID!) { node(id: $id) { ... on JourneyNode { key ${STATS} } } }`, { id: ids[1] })
  expect(found.data.node).toEqual({ key: 'mail', stats: mail })
  const range = { from: new Date(NOON).toISOString(), to: new Date(NOON + HOUR).toISOString() }
  const ranged = await api.graphql(
    key,
    'query ($id: ID!, $range: DateRange) { node(id: $id) { ... on JourneyNode { all: stats { entered waiting } some: stats(range: $range) { entered waiting } } } }',
    { id: ids[1], range },
  )
  expect(ranged.data.node).toEqual({ all: { entered: 110, waiting: 2 }, some: { entered: 10, waiting: 2 } })
})

test('a node that sends on several channels counts its messages together and by channel, and the journey by channel over all nodes', async () => {
  const { id: workspaceId, key } = await api.workspace()
  const answer = await api.graphql(
    key,
    'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } userErrors { message } } }',
    {
      input: {
        name: 'J',
        graph: {
          nodes: [
            { key: 'start', config: { apiTrigger: {} } },
            { key: 'mail', config: { email: { templateId: 'none' } } },
            { key: 'alarm', config: { multi: { messages: [{ channel: 'SMS', templateId: 'none' }] } } },
            { key: 'climb', config: { escalation: { rungs: [{ channel: 'SMS', templateId: 'none', wait: 'P1D' }] } } },
          ],
          edges: [],
        },
      },
    },
  )
  const { id } = answer.data.createJourney.journey
  await count(workspaceId, id, newLanedId(1), NOON, [
    ['start', 'entered', 5],
    ['mail', 'sent@email', 1],
    ['alarm', 'sent@sms', 1],
    ['alarm', 'sent@push', 1],
    ['climb', 'sent@sms', 3],
  ])
  const { data } = await api.graphql(
    key,
    'query ($id: ID!) { journey(id: $id) { stats { channels { channel sent } nodes { node messages { channel sent } channels { channel sent } } } } }',
    { id },
  )
  expect(data.journey.stats).toEqual({
    channels: [
      { channel: 'PUSH', sent: 2 },
      { channel: 'EMAIL', sent: 2 },
      { channel: 'SMS', sent: 8 },
    ],
    nodes: [
      { node: 'start', messages: null, channels: [] },
      { node: 'mail', messages: { channel: 'EMAIL', sent: 2 }, channels: [{ channel: 'EMAIL', sent: 2 }] },
      {
        node: 'alarm',
        messages: { channel: null, sent: 4 },
        channels: [
          { channel: 'PUSH', sent: 2 },
          { channel: 'SMS', sent: 2 },
        ],
      },
      { node: 'climb', messages: { channel: null, sent: 6 }, channels: [{ channel: 'SMS', sent: 6 }] },
    ],
  })
})

test('a node that was never published shows zeros', async () => {
  const { key } = await api.workspace()
  const { id } = await published(key, 0)
  const { data } = await api.graphql(key, `query ($id: ID!) { journey(id: $id) { draft { nodes { key ${STATS} } } } }`, { id })
  expect(nodes(data.journey.draft.nodes).start).toEqual({ ...NOTHING, node: 'start' })
})

test('the numbers of all nodes of all journeys of a page are read at once', async () => {
  const { key } = await api.workspace()
  for (let n = 0; n < 3; n++) await published(key, 1)
  const reads = vi.spyOn(database.api, 'connect')
  const query = '{ journeys { edges { node { draft { nodes { stats { entered } } } liveVersion { graph { nodes { stats { entered } } } } } } } }'
  expect((await api.graphql(key, query)).errors).toBeUndefined()
  // The key, and the numbers.
  expect(reads).toHaveBeenCalledTimes(2)
  reads.mockRestore()
})
