import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { encodeGlobalId } from '../../../src/domain/global-id.ts'
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

const AT = Date.UTC(2026, 2, 1)
const LANE = 3
const run = (text: string, values: unknown[]) => database.owner.query(text, values)

async function contact(workspaceId: string, linked: string[] = []): Promise<string> {
  const id = newLanedId(LANE)
  await run('INSERT INTO contact (lane, id, workspace_id, linked) VALUES ($1, $2, $3, $4)', [LANE, id, workspaceId, linked])
  return id
}

/** One of everything at each second: an event, a goal, a visit, a message and what became of it, a consent. */
async function history(workspaceId: string, contactId: string, seconds: readonly number[]): Promise<void> {
  for (const second of seconds) {
    const [at, enrollment, message] = [new Date(AT + second * 1_000), newLanedId(LANE), newLanedId(LANE)]
    const row = [LANE, workspaceId, contactId, at]
    await run(
      `INSERT INTO event (lane, workspace_id, contact_id, received_at, id, occurred_at, name, properties) VALUES ($1, $2, $3, $4, $5, $4, $6, '{}')`,
      [...row, newLanedId(LANE), `event ${second}`],
    )
    await run(
      `INSERT INTO conversion (lane, workspace_id, contact_id, recorded_at, id, at, journey_id, version_id, enrollment_id, goal, value, event_id)
        VALUES ($1, $2, $3, $4, $5, $4, $6, $6, $7, 'bought', 19.90, $6)`,
      [...row, newLanedId(LANE), randomUUID(), enrollment],
    )
    const decisions = [
      { code: 'arrived', node: 'mail' },
      { code: 'left', node: 'mail', port: 'next' },
    ]
    await run(
      `INSERT INTO journal (lane, workspace_id, contact_id, at, id, journey_id, enrollment_id, seq, input, decisions) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, '{}', $8)`,
      [...row, newLanedId(LANE), randomUUID(), enrollment, JSON.stringify(decisions)],
    )
    await run(
      `INSERT INTO message (lane, workspace_id, contact_id, planned_at, id, channel, purpose, template_id, status) VALUES ($1, $2, $3, $4, $5, 'sms', 'SERVICE', $6, 'SENT')`,
      [...row, message, randomUUID()],
    )
    await run(
      `INSERT INTO message_status (lane, workspace_id, contact_id, received_at, id, at, message_id, status) VALUES ($1, $2, $3, $4, $5, $4, $6, 'SENT')`,
      [...row, newLanedId(LANE), message],
    )
    await run(
      `INSERT INTO consent_change (lane, workspace_id, contact_id, at, id, channel, state, source, purpose) VALUES ($1, $2, $3, $4, $5, 'sms', 'GRANTED', 'form', 'offers')`,
      [...row, newLanedId(LANE)],
    )
  }
}

const TIMELINE = `query ($ref: ContactRef!, $first: Int, $after: String, $last: Int, $before: String, $kinds: [TimelineKind!]) {
  contact(ref: $ref) { timeline(first: $first, after: $after, last: $last, before: $before, kinds: $kinds) {
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor at node { __typename ... on Event { name } ... on Conversion { id goal value } ... on Visit { node port } ... on Message { channel }
      ... on MessageStatusChange { status message { channel } } ... on ConsentChange { consent { state purpose } } } } } } }`

async function page(key: string, id: string, args: Record<string, unknown> = {}) {
  const answer = await api.graphql(key, TIMELINE, { ref: { id: encodeGlobalId('Contact', id) }, ...args })
  expect(answer.errors).toBeUndefined()
  return answer.data.contact.timeline
}
const kindsOf = (edges: { node: { __typename: string } }[]) => edges.map((edge) => edge.node.__typename)

test('everything is of its own type, newest first, with what was recorded of whoever was merged into them', async () => {
  const { id, key } = await api.workspace()
  const half = await contact(id)
  const whole = await contact(id, [half])
  await run('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, whole])
  await history(id, half, [1])
  await history(id, whole, [2])
  const { edges, pageInfo } = await page(key, half)
  const kinds = ['MessageStatusChange', 'Message', 'Visit', 'Conversion', 'Event', 'ConsentChange']
  expect(kindsOf(edges)).toEqual([...kinds, ...kinds])
  expect(edges.slice(6).map((edge: { node: object }) => edge.node)).toMatchObject([
    { status: 'SENT', message: { channel: 'SMS' } },
    { channel: 'SMS' },
    { node: 'mail', port: 'next' },
    { goal: 'bought', value: '19.90' },
    { name: 'event 1' },
    { consent: { state: 'GRANTED', purpose: 'offers' } },
  ])
  expect(edges.map((edge: { at: string }) => (Date.parse(edge.at) - AT) / 1_000)).toEqual([2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1])
  expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
  const conversion = edges[3].node.id
  expect((await api.graphql(key, `{ node(id: "${conversion}") { __typename ... on Conversion { goal contact { id } } } }`)).data.node).toEqual({
    __typename: 'Conversion',
    goal: 'bought',
    contact: { id: encodeGlobalId('Contact', whole) },
  })
})

test('pages lead on from either end, through what was recorded at one instant, and by kind', async () => {
  const { id, key } = await api.workspace()
  const whole = await contact(id)
  await history(id, whole, [1, 2])
  const all = (await page(key, whole)).edges
  expect(all).toHaveLength(12)
  const [first, last] = [await page(key, whole, { first: 5 }), await page(key, whole, { last: 5 })]
  expect(first.edges).toEqual(all.slice(0, 5))
  expect(first.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: all[0].cursor, endCursor: all[4].cursor })
  expect((await page(key, whole, { first: 5, after: all[4].cursor })).edges).toEqual(all.slice(5, 10))
  expect(last.edges).toEqual(all.slice(7))
  expect((await page(key, whole, { last: 5, before: all[7].cursor })).edges).toEqual(all.slice(2, 7))
  expect(kindsOf((await page(key, whole, { kinds: ['EVENT', 'VISIT'] })).edges)).toEqual(['Visit', 'Event', 'Visit', 'Event'])
  expect((await page(key, whole, { kinds: [] })).edges).toEqual([])
})

test('a page costs as many statements for sixty as for six', async () => {
  const { id, key } = await api.workspace()
  const whole = await contact(id)
  await history(id, whole, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  const [ems, connections] = [vi.spyOn(api.services.orm.em, 'fork'), vi.spyOn(api.services.apiPool, 'connect')]
  const cost = async (first: number) => {
    ems.mockClear()
    connections.mockClear()
    expect((await page(key, whole, { first })).edges).toHaveLength(first)
    return [ems.mock.calls.length, connections.mock.calls.length]
  }
  const six = await cost(6)
  expect(await cost(60)).toEqual(six)
  ems.mockRestore()
  connections.mockRestore()
})

test('a foreign cursor is refused, another workspace’s contact unknown, and a key that may not read FORBIDDEN', async () => {
  const [mine, other] = [await api.workspace(), await api.workspace()]
  const whole = await contact(mine.id)
  await history(mine.id, whole, [1])
  const ref = { id: encodeGlobalId('Contact', whole) }
  const foreign = (await api.graphql(mine.key, '{ contacts { edges { cursor } } }')).data.contacts.edges[0].cursor
  const refused = await api.graphql(mine.key, TIMELINE, { ref, after: foreign })
  expect([refused.data.contact, refused.errors?.[0]?.extensions]).toMatchObject([null, { code: 'INVALID_INPUT' }])
  expect((await api.graphql(other.key, TIMELINE, { ref })).data.contact).toBeNull()
  const keys = 'mutation { createApiKey(input: { name: "writer", scopes: [INGEST] }) { secret } }'
  const { secret } = (await api.graphql(mine.key, keys)).data.createApiKey
  expect((await api.graphql(secret, TIMELINE, { ref })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})
