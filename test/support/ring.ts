import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Channel, ConsentState } from '../../src/domain/channel.ts'
import { laneOfReference } from '../../src/domain/ids.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import { deliver, type InboxItem } from '../../src/lanes/inbox.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { type Ring, type Ticked, tick } from '../../src/lanes/tick.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

export const LANES = 64
export const EVERY_LANE: readonly number[] = Array.from({ length: LANES }, (_, lane) => lane)

/** The lanes of a database of the test file's own, ticked by hand: no worker, no clock but PostgreSQL's. */
export interface TestRing {
  database: TestDatabase
  ring: Ring
  /** Ids of the messages that ticks gave to the send queue, in order. */
  planned: string[]
  workspace(): Promise<TestWorkspace>
  /** Rows, read as the tables' owner. */
  rows<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export interface TestWorkspace {
  id: string
  template(channel: Channel, whenUnknown?: 'HOLD' | 'RESEND'): Promise<string>
  /** A provider on the channel, for dispatchers whose sender is the test's own. */
  connect(channel: Channel): Promise<string>
  /** Makes a journey live with this as its first version. */
  publish(graph: Graph): Promise<{ journeyId: string; versionId: string }>
  /** A contact with one active identity on each channel named. */
  contact(externalId: string, channels?: readonly Channel[], consents?: Partial<Record<Channel, ConsentState>>): Promise<string>
  /** `occurredAt` in Unix milliseconds; when it is received where left out. */
  event(externalId: string, name: string, properties?: JsonObject, occurredAt?: number): InboxItem
  /** Puts items into the inbox and ticks once. */
  post(...items: InboxItem[]): Promise<Ticked>
  tick(): Promise<Ticked>
  /** Moves everything the workspace remembers this many milliseconds into the past. */
  pass(millis: number): Promise<void>
  enrollments(journeyId: string): Promise<{ status: string; node: string | null; end_reason: string | null; key: string }[]>
  messages(journeyId: string): Promise<{ id: string; node: string; status: string; failure_code: string | null }[]>
}

/** What a hook makes anew, under one name for all tests: whatever is asked of it is asked of the one there is now. */
function latest<T extends object>(): { made: (value: T) => void; latest: T } {
  let current: T | undefined
  return {
    made(value) {
      current = value
    },
    latest: new Proxy({} as T, { get: (_, name) => Reflect.get(current ?? {}, name) }),
  }
}

/** The ring of a test file: opened before its first test, closed after its last. */
export function testRing(): TestRing {
  const world = latest<TestRing>()
  beforeAll(async () => {
    world.made(await openTestRing())
  })
  afterAll(() => world.latest.close())
  return world.latest
}

/** A workspace of each test's own, in which nothing is planned yet. */
export function testWorkspace(world: TestRing): TestWorkspace {
  const workspace = latest<TestWorkspace>()
  beforeEach(async () => {
    world.planned.length = 0
    workspace.made(await world.workspace())
  })
  return workspace.latest
}

export async function openTestRing(): Promise<TestRing> {
  const database = await openTestDatabase()
  const planned: string[] = []
  const ring: Ring = {
    pool: database.worker,
    lanes: LANES,
    rowsPerLane: 250,
    book: openJourneyBook(),
    async enqueueSends(_client, ids) {
      planned.push(...ids)
      return 'job'
    },
  }
  const rows: TestRing['rows'] = async (text, values = []) => (await database.owner.query(text, values)).rows as never
  return {
    database,
    ring,
    planned,
    rows,
    async workspace() {
      const id = randomUUID()
      await rows(`INSERT INTO workspace (id, name, data_key) VALUES ($1, 'Test', '')`, [id])
      return inWorkspace(id, ring, rows)
    },
    close: () => database.close(),
  }
}

function inWorkspace(id: string, ring: Ring, rows: TestRing['rows']): TestWorkspace {
  return {
    id,
    async template(channel, whenUnknown = 'HOLD') {
      const templateId = randomUUID()
      await rows('INSERT INTO template (id, workspace_id, name, channel, version) VALUES ($1, $2, $3, $4, 1)', [templateId, id, templateId, channel])
      await rows(`INSERT INTO template_version (template_id, number, workspace_id, variants, when_unknown) VALUES ($1, 1, $2, '[]', $3)`, [
        templateId,
        id,
        whenUnknown,
      ])
      return templateId
    },
    async connect(channel) {
      const connectionId = randomUUID()
      await rows(`INSERT INTO provider_connection (id, workspace_id, channel, provider, name, credentials) VALUES ($1, $2, $3, 'test', 'Test', '')`, [
        connectionId,
        id,
        channel,
      ])
      return connectionId
    },
    async publish(graph) {
      const [journeyId, versionId] = [randomUUID(), randomUUID()]
      await rows(`INSERT INTO journey (id, workspace_id, name) VALUES ($1, $2, 'Journey')`, [journeyId, id])
      await rows('INSERT INTO journey_version (id, workspace_id, journey_id, number, graph) VALUES ($1, $2, $3, 1, $4)', [
        versionId,
        id,
        journeyId,
        JSON.stringify(graph),
      ])
      await rows(`UPDATE journey SET live_version_id = $2, status = 'LIVE' WHERE id = $1`, [journeyId, versionId])
      return { journeyId, versionId }
    },
    async contact(externalId, channels = [], consents = {}) {
      const reference = `external:${externalId}`
      const lane = laneOfReference(id, reference, LANES)
      const contactId = newLanedId(lane)
      await rows('INSERT INTO contact (lane, id, workspace_id, external_id) VALUES ($1, $2, $3, $4)', [lane, contactId, id, externalId])
      await rows('INSERT INTO contact_alias (lane, workspace_id, reference, contact_id) VALUES ($1, $2, $3, $4)', [lane, id, reference, contactId])
      for (const channel of channels)
        await rows(
          `INSERT INTO channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index) VALUES ($1, $2, $3, $4, $5, '', $5)`,
          [lane, newLanedId(lane), id, contactId, channel],
        )
      for (const [channel, state] of Object.entries(consents))
        await rows(
          `INSERT INTO consent (lane, contact_id, channel, workspace_id, state, source, purpose) VALUES ($1, $2, $3, $4, $5, 'test', 'marketing')`,
          [lane, contactId, channel, id, state],
        )
      return contactId
    },
    event: (externalId, name, properties = {}, occurredAt) => ({
      kind: 'event',
      data: { messageId: randomUUID(), name, properties, occurredAt: occurredAt ?? null },
      workspaceId: id,
      reference: `external:${externalId}`,
    }),
    async post(...items) {
      await deliver(ring.pool, items, ring.lanes)
      return tick(ring, EVERY_LANE)
    },
    tick: () => tick(ring, EVERY_LANE),
    async pass(millis) {
      const back = (table: string, ...columns: string[]) =>
        rows(
          `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - $2::float8 * interval '1 millisecond'`).join(', ')} WHERE workspace_id = $1`,
          [id, millis],
        )
      await back('enrollment', 'due_at', 'frozen_due_at', 'entered_at', 'ended_at')
      await back('message', 'due_at', 'planned_at', 'dispatching_at', 'sent_at', 'delivered_at', 'opened_at', 'clicked_at', 'replied_at')
      await back('entry_slot', 'last_entered_at')
      await back('watch', 'due_at')
      await back('event', 'occurred_at', 'received_at')
      for (const row of await rows<{ lane: number; id: string; state: unknown }>(
        'SELECT lane, id, state::json FROM enrollment WHERE workspace_id = $1',
        [id],
      ))
        await rows('UPDATE enrollment SET state = $3 WHERE lane = $1 AND id = $2', [row.lane, row.id, JSON.stringify(earlier(row.state, millis))])
      for (const row of await rows<{ ctid: string; event: unknown }>('SELECT ctid, event FROM watch WHERE workspace_id = $1 AND event IS NOT NULL', [
        id,
      ]))
        await rows('UPDATE watch SET event = $2 WHERE ctid = $1::tid', [row.ctid, JSON.stringify(earlier(row.event, millis))])
    },
    enrollments: (journeyId) => rows('SELECT status, node, end_reason, key FROM enrollment WHERE journey_id = $1 ORDER BY key, id', [journeyId]),
    messages: (journeyId) =>
      rows('SELECT id, node, status, failure_code FROM message WHERE journey_id = $1 ORDER BY planned_at, node, id', [journeyId]),
  }
}

/** Any number of this size in an enrollment's memory is an instant in Unix milliseconds. */
const INSTANT = 1_000_000_000_000

function earlier(value: unknown, millis: number): unknown {
  if (typeof value === 'number') return value > INSTANT ? value - millis : value
  if (Array.isArray(value)) return value.map((each) => earlier(each, millis))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, earlier(each, millis)]))
}

/** A graph of these nodes, each joined to the next by `next`, beginning with a trigger. Anything in `rest` replaces what is usual. */
export function chain(nodes: Graph['nodes'], rest: Partial<Graph> = {}): Graph {
  return {
    reentry: { rule: 'EVERY_TIME' },
    nodes,
    edges: nodes.slice(1).map((node, index) => ({ from: nodes[index]?.key ?? '', port: 'next', to: node.key })),
    exitRules: [],
    goals: [],
    settings: { purpose: 'TRANSACTIONAL' },
    ...rest,
  }
}

export const on = (event: string, config: JsonObject = {}): Graph['nodes'][number] => ({
  key: 'start',
  kind: 'event_trigger',
  config: { event, ...config },
})
export const email = (templateId: string, config: JsonObject = {}): Graph['nodes'][number] => ({
  key: 'mail',
  kind: 'email',
  config: { templateId, ...config },
})
export const delay = (duration: string): Graph['nodes'][number] => ({ key: 'pause', kind: 'delay', config: { duration } })

/** A lane's own reference: the n-th external id that hashes to it. */
export function externalIdIn(workspaceId: string, lane: number, n = 0): string {
  for (let i = 0, found = 0; ; i++) if (laneOfReference(workspaceId, `external:c${i}`, LANES) === lane && found++ === n) return `c${i}`
}
