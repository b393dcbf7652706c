import type { Client } from '../ask.ts'
import { epochMs, run, type Statement } from '../sql.ts'

/** What a tick takes, of the lanes that it has locked. Every instant is Unix milliseconds of the database's clock. */

export interface ClaimedItem {
  lane: number
  seq: number
  workspace_id: string
  kind: string
  contact_id: string | null
  reference: string | null
  data: unknown
  received_at: number
}

export interface EnrollmentRow {
  lane: number
  id: string
  workspace_id: string
  journey_id: string
  version_id: string
  contact_id: string
  key: string
  status: string
  node: string | null
  due_at: number | null
  /** When a pause took the timer: it stays what the state waits for. */
  frozen_due_at: number | null
  /** JSON. */
  state: string
  entered_at: number
  /** Read only where it may be over; whatever is due or active is not. */
  ended_at?: number | null
  end_reason?: string | null
}

export interface WatchRow {
  lane: number
  workspace_id: string
  journey_id: string
  contact_id: string
  node: string
  key: string
  due_at: number
  event: unknown
}

/**
 * Lanes another worker is ticking are left to it. NO KEY UPDATE, so that nothing that merely refers to a lane
 * would wait; in order, so that two ticks over overlapping sets cannot deadlock. Which they are, and since when, stays with the
 * transaction, so that what takes from them can travel with this: a statement of its own, since it must see what the lock waited for.
 */
const LOCK: Statement = {
  name: 'claim_lanes',
  text: `WITH locked AS MATERIALIZED (SELECT lane FROM lane WHERE lane = ANY ($1::smallint[]) ORDER BY lane FOR NO KEY UPDATE SKIP LOCKED),
      held AS MATERIALIZED (SELECT coalesce(string_agg(lane::text, ',' ORDER BY lane), '') AS lanes, floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now FROM locked)
    SELECT string_to_array(set_config('throughline.lanes', lanes, true), ',')::smallint[] AS lanes, set_config('throughline.now', now, true)::float8 AS now FROM held`,
}
const HELD = `(SELECT string_to_array(current_setting('throughline.lanes'), ',')::smallint[])`
const NOW = `to_timestamp(current_setting('throughline.now')::float8 / 1000)`

/** Locks what it can of these until the transaction ends. */
export async function lockLanes(client: Client, lanes: readonly number[]): Promise<{ lanes: number[]; now: number }> {
  const [row] = await run<{ lanes: number[]; now: number }>(client, LOCK, [lanes])
  return row ?? { lanes: [], now: 0 }
}

const BARRIER: Statement = {
  name: 'claim_barrier',
  text: 'SELECT count(*)::int AS n FROM (SELECT FROM lane ORDER BY lane FOR NO KEY UPDATE) AS held',
}

/** Waits for every tick now under way: those that come after it see whatever was committed before. */
export async function awaitTicks(client: Client): Promise<void> {
  await run(client, BARRIER, [])
}

/**
 * DELETE … RETURNING was measured at 3.2 × a SKIP LOCKED queue. Deleting by ctid is a TID scan whatever the
 * planner thinks of a table that is empty half of the time; safe because the lane's lock keeps others out.
 * The revision is that of the same snapshot: an event is never judged by journeys older than those its sender had already
 * published. It comes where nothing was taken, too.
 */
const INBOX: Statement = {
  name: 'claim_inbox',
  text: `WITH taken AS (
      DELETE FROM inbox WHERE lane = ANY (${HELD}::smallint[]) AND ctid = ANY (ARRAY(
        SELECT i.ctid FROM unnest(${HELD}) AS l (lane),
        LATERAL (SELECT ctid FROM inbox WHERE inbox.lane = l.lane ORDER BY seq LIMIT $1) AS i))
      RETURNING lane, seq, workspace_id, kind, contact_id, reference, data, received_at)
    SELECT c.revision, lane, seq, workspace_id, kind, contact_id, reference, data, (extract(epoch FROM received_at) * 1000)::float8 AS received_at
    FROM (SELECT (SELECT revision FROM configuration) AS revision) AS c LEFT JOIN taken ON true ORDER BY lane, seq`,
}

/** What was taken, in order, `perLane` of each at most, and which revision of the configuration is to judge it. */
export async function claimInbox(client: Client, perLane: number): Promise<{ items: ClaimedItem[]; revision: number }> {
  const rows = await run<ClaimedItem & { revision: number | null }>(client, INBOX, [perLane])
  const items = rows[0]?.lane === null ? [] : rows
  for (const item of items) item.data = JSON.parse(item.data as string)
  return { items, revision: rows[0]?.revision ?? 0 }
}

export const ENROLLMENT_COLUMNS = `e.lane, e.id, e.workspace_id, e.journey_id, e.version_id, e.contact_id, e.key, e.status, e.node,
  ${epochMs('e.due_at')} AS due_at, ${epochMs('e.frozen_due_at')} AS frozen_due_at, e.state, ${epochMs('e.entered_at')} AS entered_at`

const DUE_ENROLLMENTS: Statement = {
  name: 'claim_due_enrollments',
  text: `SELECT ${ENROLLMENT_COLUMNS} FROM unnest(${HELD}) AS l (lane),
    LATERAL (SELECT * FROM enrollment WHERE enrollment.lane = l.lane AND due_at <= ${NOW} ORDER BY due_at LIMIT $1) AS e`,
}

export async function claimDueEnrollments(client: Client, perLane: number): Promise<EnrollmentRow[]> {
  return run<EnrollmentRow>(client, DUE_ENROLLMENTS, [perLane])
}

const REVISION: Statement = { name: 'claim_revision', text: 'SELECT revision FROM configuration' }

/** Read after the timers it is to judge: a watch may have been set by a journey that was published a moment ago. */
export async function readRevision(client: Client): Promise<number> {
  const [row] = await run<{ revision: number }>(client, REVISION, [])
  return row?.revision ?? 0
}

const DUE_WATCHES: Statement = {
  name: 'claim_due_watches',
  text: `SELECT w.lane, w.workspace_id, w.journey_id, w.contact_id, w.node, w.key, ${epochMs('w.due_at')} AS due_at, w.event
    FROM unnest(${HELD}) AS l (lane),
    LATERAL (SELECT * FROM watch WHERE watch.lane = l.lane AND NOT frozen AND due_at <= ${NOW} ORDER BY due_at LIMIT $1) AS w`,
}

export async function claimDueWatches(client: Client, perLane: number): Promise<WatchRow[]> {
  return run<WatchRow>(client, DUE_WATCHES, [perLane])
}

const DUE_MESSAGES: Statement = {
  name: 'claim_due_messages',
  text: `SELECT m.lane, m.id, m.contact_id, m.workspace_id FROM unnest(${HELD}) AS l (lane),
    LATERAL (SELECT * FROM message WHERE message.lane = l.lane AND due_at <= ${NOW} ORDER BY due_at LIMIT $1) AS m`,
}

export async function claimDueMessages(
  client: Client,
  perLane: number,
): Promise<{ lane: number; id: string; contact_id: string; workspace_id: string }[]> {
  return run(client, DUE_MESSAGES, [perLane])
}

/**
 * Which lanes have work, and when the next of the others will: the one query of an idle worker. Each look
 * is the first entry of an index per lane.
 */
const WORK: Statement = {
  name: 'claim_find_work',
  text: `SELECT l.lane,
      EXISTS (SELECT FROM inbox WHERE inbox.lane = l.lane) AS waiting,
      (extract(epoch FROM least(
        (SELECT due_at FROM enrollment WHERE enrollment.lane = l.lane AND due_at IS NOT NULL ORDER BY due_at LIMIT 1),
        (SELECT due_at FROM watch WHERE watch.lane = l.lane AND NOT frozen ORDER BY due_at LIMIT 1),
        (SELECT due_at FROM message WHERE message.lane = l.lane AND due_at IS NOT NULL ORDER BY due_at LIMIT 1)
      ) - clock_timestamp()) * 1000)::float8 AS due_in
    FROM unnest($1::smallint[]) AS l (lane)`,
}

/** `dueIn`: milliseconds until the lane's next timer, negative when overdue, null without one. */
export async function findWork(client: Client, lanes: readonly number[]): Promise<{ lane: number; waiting: boolean; dueIn: number | null }[]> {
  const rows = await run<{ lane: number; waiting: boolean; due_in: number | null }>(client, WORK, [lanes])
  return rows.map((row) => ({ lane: row.lane, waiting: row.waiting, dueIn: row.due_in }))
}
