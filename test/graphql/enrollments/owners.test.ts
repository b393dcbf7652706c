import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
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

const GRAPH = {
  nodes: [
    { key: 'start', config: { eventTrigger: { event: 'seen' } } },
    { key: 'bye', config: { exit: {} } },
  ],
  edges: [{ from: 'start', port: 'next', to: 'bye' }],
}
const CREATE = 'mutation ($input: CreateJourneyInput!) { createJourney(input: $input) { journey { id } } }'
const PUBLISH = 'mutation ($id: ID!) { publishJourney(input: { id: $id }) { journey { id liveVersion { id } } userErrors { message } } }'

async function published(key: string): Promise<{ journey: string; version: string }> {
  const { id } = (await api.graphql(key, CREATE, { input: { name: 'Welcome', graph: GRAPH } })).data.createJourney.journey
  const { journey } = (await api.graphql(key, PUBLISH, { id })).data.publishJourney
  return { journey: journey.id, version: journey.liveVersion.id }
}
const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

async function contact(workspaceId: string, lane: number, linked: string[] = []): Promise<string> {
  const id = newLanedId(lane)
  await database.owner.query('INSERT INTO contact (lane, id, workspace_id, linked) VALUES ($1, $2, $3, $4)', [lane, id, workspaceId, linked])
  return id
}

/** Enrollments in these states, a second apart, the first of them the oldest. */
async function enroll(workspaceId: string, contactId: string, of: { journey: string; version: string }, first: number, states: string[]) {
  const lane = Number.parseInt(contactId.slice(15, 18), 16)
  const ids = states.map((_, n) => newLanedId(lane, Date.UTC(2026, 2, 1) + 1_000 * (first + n)))
  for (const [n, id] of ids.entries())
    await database.owner.query(
      `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, state, entered_at, node) VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', now(), $8)`,
      [lane, id, workspaceId, uuidOf(of.journey), uuidOf(of.version), contactId, states[n], states[n] === 'ACTIVE' ? 'start' : null],
    )
  return ids.map((id) => encodeGlobalId('Enrollment', id))
}

const OF_CONTACT = `query ($ref: ContactRef!, $state: [EnrollmentState!], $first: Int, $after: String, $last: Int, $before: String) {
  contact(ref: $ref) { enrollments(state: $state, first: $first, after: $after, last: $last, before: $before) {
    pageInfo { hasNextPage startCursor endCursor } edges { node { id } } } } }`

test('a contact’s enrollments, running and ended and those of its halves, are one list by when they began', async () => {
  const { id, key } = await api.workspace()
  const journey = await published(key)
  const half = await contact(id, 3)
  const whole = await contact(id, 9, [half])
  await database.owner.query('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, whole])
  const ids = [
    ...(await enroll(id, whole, journey, 0, ['COMPLETED', 'ACTIVE', 'EXITED'])),
    ...(await enroll(id, half, journey, 3, ['ACTIVE', 'CONVERTED', 'ACTIVE'])),
  ].reverse()
  const page = async (variables: object) => {
    const answer = await api.graphql(key, OF_CONTACT, { ref: { id: encodeGlobalId('Contact', whole) }, ...variables })
    expect(answer.errors).toBeUndefined()
    const { edges, pageInfo } = answer.data.contact.enrollments
    return { ids: edges.map((edge: { node: { id: string } }) => edge.node.id), ...pageInfo }
  }
  expect((await page({})).ids).toEqual(ids)
  const first = await page({ first: 4 })
  expect([first.ids, first.hasNextPage]).toEqual([ids.slice(0, 4), true])
  expect((await page({ first: 4, after: first.endCursor })).ids).toEqual(ids.slice(4))
  const last = await page({ last: 2 })
  expect(last.ids).toEqual(ids.slice(4))
  expect((await page({ last: 3, before: last.startCursor })).ids).toEqual(ids.slice(1, 4))
  expect((await page({ state: ['WAITING'] })).ids).toEqual([ids[0], ids[2], ids[4]])
  expect((await page({ state: ['CONVERTED', 'EXITED'] })).ids).toEqual([ids[1], ids[3]])
  // Asked for at the root it is the same list.
  const root = await api.graphql(key, 'query ($id: ID!) { enrollments(contactId: $id) { edges { node { id } } } }', {
    id: encodeGlobalId('Contact', half),
  })
  expect(root.data.enrollments.edges.map((edge: { node: { id: string } }) => edge.node.id)).toEqual(ids)
})

test('a journey tells who is in it and where, and each of its versions how many are still in that', async () => {
  const { id, key } = await api.workspace()
  const first = await published(key)
  const second = (await api.graphql(key, PUBLISH, { id: first.journey })).data.publishJourney.journey.liveVersion.id
  const ada = await contact(id, 3)
  await enroll(id, ada, first, 0, ['ACTIVE', 'ACTIVE', 'COMPLETED'])
  const [late] = await enroll(id, ada, { ...first, version: second }, 9, ['ACTIVE'])
  await enroll(id, ada, { journey: encodeGlobalId('Journey', randomUUID()), version: first.version }, 20, ['ACTIVE'])
  const { data } = await api.graphql(
    key,
    'query ($id: ID!) { journey(id: $id) { enrollments(node: "start", first: 1) { pageInfo { hasNextPage } edges { node { id } } } versions { edges { node { number inFlight } } } } }',
    { id: first.journey },
  )
  expect(data.journey.enrollments).toEqual({ pageInfo: { hasNextPage: true }, edges: [{ node: { id: late } }] })
  expect(data.journey.versions.edges.map((edge: { node: object }) => edge.node)).toEqual([
    { number: 2, inFlight: 1 },
    { number: 1, inFlight: 2 },
  ])
})

test('the ended are found by an index that running ones are not in', async () => {
  const client = await database.owner.connect()
  try {
    await client.query('BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM enrollment WHERE lane IN (3) AND contact_id IN ('${randomUUID()}') AND status <> 'ACTIVE' ORDER BY id DESC LIMIT 21`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Scan (Backward )?using enrollment_ended/)
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

test('messages are listed by the enrollment that sent them', async () => {
  const [{ id, key }, other] = [await api.workspace(), await api.workspace()]
  const journey = await published(key)
  const ada = await contact(id, 3)
  const enrollments = await enroll(id, ada, journey, 0, ['ACTIVE', 'ACTIVE'])
  const sent: string[] = []
  for (const enrollment of [...enrollments, ...enrollments]) {
    const message = newLanedId(3)
    sent.push(encodeGlobalId('Message', message))
    await database.owner.query(
      `INSERT INTO message (lane, id, workspace_id, contact_id, enrollment_id, channel, purpose, template_id, status, planned_at) VALUES (3, $1, $2, $3, $4, 'sms', 'SERVICE', $5, 'SENT', now())`,
      [message, id, ada, uuidOf(enrollment), randomUUID()],
    )
  }
  const list = async (as: string, args: Record<string, unknown>) => {
    const answer = await api.graphql(as, 'query ($e: ID, $c: ID) { messages(enrollmentId: $e, contactId: $c) { edges { node { id } } } }', args)
    return answer.data.messages.edges.map((edge: { node: { id: string } }) => edge.node.id).sort()
  }
  const own = [sent[1], sent[3]].sort()
  expect(await list(key, { e: enrollments[1] })).toEqual(own)
  expect(await list(key, { e: enrollments[1], c: encodeGlobalId('Contact', ada) })).toEqual(own)
  expect(await list(other.key, { e: enrollments[1] })).toEqual([])
})
