import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { deliver, type InboxItem } from '../../src/lanes/inbox.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { type Ring, type Ticked, tick } from '../../src/lanes/tick.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

const LANES = 64
const EVERY_LANE = Array.from({ length: LANES }, (_, lane) => lane)
let database: TestDatabase
let ring: Ring
let workspaceId: string
let templateId: string
const enqueued: string[][] = []

beforeAll(async () => {
  database = await openTestDatabase()
  ring = {
    pool: database.worker,
    lanes: LANES,
    rowsPerLane: 250,
    book: openJourneyBook(),
    async enqueueSends(_client, ids) {
      enqueued.push([...ids])
      return 'job'
    },
  }
})
afterAll(() => database.close())

beforeEach(async () => {
  workspaceId = randomUUID()
  templateId = randomUUID()
  enqueued.length = 0
  await database.owner.query(`INSERT INTO workspace (id, name, data_key) VALUES ($1, 'W', '')`, [workspaceId])
  await database.owner.query(`INSERT INTO template (id, workspace_id, name, channel, version) VALUES ($1, $2, 'Reminder', 'email', 1)`, [
    templateId,
    workspaceId,
  ])
})

async function publish(graph: Graph): Promise<string> {
  const [journeyId, versionId] = [randomUUID(), randomUUID()]
  await database.owner.query(`INSERT INTO journey (id, workspace_id, name) VALUES ($1, $2, 'J')`, [journeyId, workspaceId])
  await database.owner.query(`INSERT INTO journey_version (id, workspace_id, journey_id, number, graph) VALUES ($1, $2, $3, 1, $4)`, [
    versionId,
    workspaceId,
    journeyId,
    JSON.stringify(graph),
  ])
  await database.owner.query(`UPDATE journey SET live_version_id = $2, status = 'LIVE' WHERE id = $1`, [journeyId, versionId])
  return journeyId
}

const event = (externalId: string, name: string, properties: Record<string, string> = {}): InboxItem => ({
  kind: 'event',
  data: { messageId: randomUUID(), name, properties, occurredAt: null },
  workspaceId,
  reference: `external:${externalId}`,
})

async function post(...items: InboxItem[]): Promise<Ticked[]> {
  await deliver(database.worker, items, LANES)
  return [await tick(ring, EVERY_LANE)]
}

const states = async (journeyId: string) =>
  (await database.owner.query(`SELECT status, node, end_reason, key FROM enrollment WHERE journey_id = $1 ORDER BY key, id`, [journeyId])).rows

/** The pause of everybody in the journey is over. */
const letPass = (journeyId: string) =>
  database.owner.query(
    `UPDATE enrollment SET due_at = now() - interval '1 second', state = jsonb_set(state::jsonb, '{since}', to_jsonb((extract(epoch FROM now()) * 1000 - 7200000)::bigint))::text WHERE journey_id = $1`,
    [journeyId],
  )

const cart = (): Graph => ({
  reentry: { rule: 'ONE_AT_A_TIME' },
  nodes: [
    { key: 'start', kind: 'event_trigger', config: { event: 'cart.updated', matchKey: 'cartId' } },
    { key: 'pause', kind: 'delay', config: { duration: 'PT1H' } },
    { key: 'mail', kind: 'email', config: { templateId, purpose: 'TRANSACTIONAL' } },
  ],
  edges: [
    { from: 'start', port: 'next', to: 'pause' },
    { from: 'pause', port: 'next', to: 'mail' },
  ],
  exitRules: [],
  goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D' }],
  settings: { purpose: 'PROMOTIONAL' },
})

test('an event creates the contact, starts the journey and waits', async () => {
  const journeyId = await publish(cart())
  await post(event('ada', 'cart.updated', { cartId: 'c1' }))
  expect(await states(journeyId)).toEqual([{ status: 'ACTIVE', node: 'pause', end_reason: null, key: 'c1' }])
})

test('a purchase with the same key ends it at once, one with another key does not', async () => {
  const journeyId = await publish(cart())
  await post(event('ada', 'cart.updated', { cartId: 'c1' }), event('ada', 'cart.updated', { cartId: 'c2' }))
  await post(event('ada', 'order.placed', { cartId: 'c1' }))
  expect(await states(journeyId)).toEqual([
    { status: 'CONVERTED', node: null, end_reason: 'bought', key: 'c1' },
    { status: 'ACTIVE', node: 'pause', end_reason: null, key: 'c2' },
  ])
})

test('fifty identical triggers make one enrollment', async () => {
  const journeyId = await publish(cart())
  await post(...Array.from({ length: 50 }, () => event('ada', 'cart.updated', { cartId: 'c1' })))
  expect(await states(journeyId)).toHaveLength(1)
  const { rows } = await database.owner.query(
    `SELECT decisions::json->0->>'code' AS code, count(*)::int AS n FROM journal WHERE journey_id = $1 AND enrollment_id IS NULL GROUP BY 1`,
    [journeyId],
  )
  expect(rows).toEqual([{ code: 'refused_reentry', n: 49 }])
})

test('a due timer sends the token on; without an identity the message is suppressed with a reason', async () => {
  const journeyId = await publish(cart())
  await post(event('ada', 'cart.updated', { cartId: 'c1' }))
  await letPass(journeyId)
  await tick(ring, EVERY_LANE)
  expect(await states(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'undeliverable', key: 'c1' }])
  const { rows } = await database.owner.query(`SELECT status, failure_code FROM message WHERE journey_id = $1`, [journeyId])
  expect(rows).toEqual([{ status: 'SUPPRESSED', failure_code: 'unreachable' }])
})

test('counters agree with what happened', async () => {
  const journeyId = await publish(cart())
  await post(...['a', 'b', 'c'].map((id) => event(id, 'cart.updated', { cartId: id })))
  await post(event('a', 'order.placed', { cartId: 'a' }))
  const { rows } = await database.owner.query(
    `SELECT node, metric, sum(n)::int AS n FROM node_stats WHERE journey_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    [journeyId],
  )
  expect(rows).toEqual([
    { node: '', metric: 'converted', n: 1 },
    { node: '', metric: 'goal', n: 1 },
    { node: '', metric: 'started', n: 3 },
    { node: 'pause', metric: 'ended', n: 1 },
    { node: 'pause', metric: 'entered', n: 3 },
    { node: 'start', metric: 'entered', n: 3 },
    { node: 'start', metric: 'left:next', n: 3 },
  ])
})

test('the number of statements does not depend on the size of the batch', async () => {
  await publish(cart())
  const statements = async (n: number) => {
    const names: string[] = []
    const counting: Ring = {
      ...ring,
      pool: {
        async connect() {
          const client = await database.worker.connect()
          const query = client.query.bind(client)
          return Object.assign(Object.create(client), {
            query: (...args: unknown[]) => {
              const [{ name, text }] = args as [{ name?: string; text: string }]
              names.push(name ?? text)
              return (query as (...each: unknown[]) => unknown)(...args)
            },
            release: () => client.release(),
          })
        },
      } as unknown as Ring['pool'],
    }
    await deliver(
      database.worker,
      Array.from({ length: n }, (_, i) => event(`batch-${n}-${i}`, 'cart.updated', { cartId: String(i) })),
      LANES,
    )
    await tick(counting, EVERY_LANE)
    return names
  }
  await statements(1)
  const few = await statements(3)
  const many = await statements(1_500)
  expect(many).toEqual(few)
  expect(few.indexOf('COMMIT')).toBe(few.length - 1)
  expect(few.length).toBeLessThanOrEqual(24)
})

test('timers wait while a lane holds more than a tick takes: what would stop them may be in what is left', async () => {
  const journeyId = await publish(cart())
  await post(event('ada', 'cart.updated', { cartId: 'a' }))
  const noise = Array.from({ length: 5 }, () => event('ada', 'page.viewed'))
  await deliver(database.worker, [...noise, event('ada', 'order.placed', { cartId: 'a' })], LANES)
  await letPass(journeyId)
  const small = { ...ring, rowsPerLane: 2 }
  for (let more = true; more; ) more = (await tick(small, EVERY_LANE)).more.length > 0
  expect(await states(journeyId)).toMatchObject([{ status: 'CONVERTED', end_reason: 'bought' }])
})

test('a tick that is told of no timers takes the inbox alone, by the journeys as they are', async () => {
  const journeyId = await publish(cart())
  await post(event('ada', 'cart.updated', { cartId: 'a' }))
  await letPass(journeyId)
  const later = await publish(cart())
  await deliver(database.worker, [event('grace', 'cart.updated', { cartId: 'g' })], LANES)
  expect(await tick(ring, EVERY_LANE, { timers: false })).toMatchObject({ taken: 1, more: [] })
  expect([await states(journeyId), await states(later)]).toEqual([
    [
      { status: 'ACTIVE', node: 'pause', end_reason: null, key: 'a' },
      { status: 'ACTIVE', node: 'pause', end_reason: null, key: 'g' },
    ],
    [{ status: 'ACTIVE', node: 'pause', end_reason: null, key: 'g' }],
  ])
  expect(await tick(ring, EVERY_LANE)).toMatchObject({ taken: 1 })
  expect((await states(journeyId)).map((each) => each.status)).toEqual(['EXITED', 'ACTIVE'])
})
