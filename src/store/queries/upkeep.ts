import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

/** Bounded batches that keep the house; each answers how many rows it touched. */
const count = async (client: Client, statement: Statement, values: unknown[]) => (await run<{ n: number }>(client, statement, values))[0]?.n ?? 0

const MAKE: Statement = { name: 'upkeep_make_partitions', text: 'SELECT make_partitions(2) AS n' }
export const makePartitions = (client: Client) => count(client, MAKE, [])

/**
 * Thaws one batch of a resumed journey's timers. `spread` milliseconds are shared out by the hash of the id, so
 * that what fell due during the pause does not fall due again in one second. RESCHEDULE starts the node's wait
 * anew from now; SEND_LATE and SKIP let it end within the spread. A wait until nine in the morning has no length that could be
 * waited again, at whatever hour that ends: its node is woken at once, as if arrived at now, and finds the next morning.
 * Locked where they are found: whom a tick is just moving on has another timer by then, or none.
 */
const THAW: Statement = {
  name: 'upkeep_thaw_enrollments',
  text: `WITH page AS (SELECT lane, id, version_id, node FROM enrollment WHERE journey_id = $1 AND frozen_due_at IS NOT NULL LIMIT $2 FOR UPDATE),
    clocks AS (SELECT v.id AS version_id, n->>'key' AS node FROM journey_version v, jsonb_array_elements(v.graph->'nodes') AS n
      WHERE v.journey_id = $1 AND $3 = 'RESCHEDULE' AND n->>'kind' = 'delay' AND jsonb_typeof(n->'config'->'until') = 'object'),
    thawed AS (UPDATE enrollment e SET frozen_due_at = NULL, due_at = now() + (abs(hashtext(e.id::text)) % greatest($4::int, 1)) * interval '1 millisecond'
      + CASE WHEN $3 = 'RESCHEDULE' AND NOT asks_clock THEN greatest(e.frozen_due_at - to_timestamp((e.state::json->>'since')::float8 / 1000), interval '0') ELSE interval '0' END,
      state = CASE WHEN asks_clock THEN jsonb_set(e.state::jsonb, '{since}', to_jsonb(floor(extract(epoch FROM now()) * 1000)))::text ELSE e.state END
      FROM (SELECT *, (version_id, node) IN (SELECT version_id, node FROM clocks) AS asks_clock FROM page) AS page
      WHERE e.lane = page.lane AND e.id = page.id RETURNING 1)
    SELECT count(*)::int AS n FROM thawed`,
}
export const thawEnrollments = (client: Client, journeyId: string, limit: number, policy: string, spread: number) =>
  count(client, THAW, [journeyId, limit, policy, spread])

const THAW_WATCHES: Statement = {
  name: 'upkeep_thaw_watches',
  text: `WITH thawed AS (UPDATE watch SET frozen = false WHERE lane = ANY ($1::smallint[]) AND journey_id = $2 AND frozen RETURNING 1) SELECT count(*)::int AS n FROM thawed`,
}
export const thawWatches = (client: Client, lanes: readonly number[], journeyId: string) => count(client, THAW_WATCHES, [lanes, journeyId])

/** Messages held by the pause become due again within the spread. */
const THAW_MESSAGES: Statement = {
  name: 'upkeep_thaw_messages',
  text: `WITH page AS (SELECT lane, id FROM message WHERE journey_id = $1 AND status = 'DEFERRED' AND due_at IS NULL AND failure_code = 'journey_paused' ORDER BY lane, id LIMIT $2 FOR UPDATE),
    thawed AS (UPDATE message m SET due_at = now() + (abs(hashtext(m.id::text)) % greatest($3::int, 1)) * interval '1 millisecond' FROM page WHERE m.lane = page.lane AND m.id = page.id RETURNING 1)
    SELECT count(*)::int AS n FROM thawed`,
}
export const thawMessages = (client: Client, journeyId: string, limit: number, spread: number) =>
  count(client, THAW_MESSAGES, [journeyId, limit, spread])

const HELD_MESSAGES: Statement = {
  name: 'upkeep_held_messages',
  text: `SELECT id, contact_id FROM message WHERE journey_id = $1 AND status = 'DEFERRED' AND due_at IS NULL AND failure_code = 'journey_paused' AND id > $3 ORDER BY id LIMIT $2`,
}
/** In order of their ids, those after `after`: giving one up takes a tick, so the same ones would be found again. */
export const heldMessages = (client: Client, journeyId: string, limit: number, after: string) =>
  run<{ id: string; contact_id: string }>(client, HELD_MESSAGES, [journeyId, limit, after])

const FROZEN_COUNT: Statement = {
  name: 'upkeep_frozen_count',
  text: `SELECT (SELECT count(*) FROM enrollment WHERE journey_id = $1 AND frozen_due_at IS NOT NULL)::int + (SELECT count(*) FROM message WHERE journey_id = $1 AND status = 'DEFERRED' AND due_at IS NULL)::int
    + (SELECT count(*) FROM webhook_call WHERE journey_id = $1 AND status = 'HELD')::int AS n`,
}
export const countFrozen = (client: Client, journeyId: string) => count(client, FROZEN_COUNT, [journeyId])

/**
 * Starts the clock of an inactivity trigger for contacts who were there before it was published: from their
 * last event of the named ones, or from when they were created. In batches by contact id; answers the last id.
 */
const SEED: Statement = {
  name: 'upkeep_seed_inactivity',
  text: `WITH page AS (SELECT lane, id, created_at FROM contact WHERE lane = $1 AND workspace_id = $2 AND id > $3 AND erased_at IS NULL AND merged_into IS NULL ORDER BY id LIMIT $4),
    seeded AS (INSERT INTO watch (lane, journey_id, contact_id, node, key, workspace_id, due_at)
      SELECT s.lane, $5::uuid, s.id, $6::text, '', $2::uuid, coalesce((SELECT max(occurred_at) FROM event e WHERE e.lane = s.lane AND e.contact_id = s.id AND ($7::text[] IS NULL OR e.name = ANY ($7))), s.created_at)
        + $8::float8 * interval '1 millisecond' FROM page s
      ON CONFLICT DO NOTHING RETURNING 1)
    SELECT (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM seeded) AS n`,
}
export interface InactivitySeed {
  lane: number
  workspaceId: string
  journeyId: string
  node: string
  events: readonly string[] | null
  afterMillis: number
}
/** null when the lane is done. */
export async function seedInactivity(client: Client, seed: InactivitySeed, afterId: string, limit: number): Promise<string | null> {
  const [row] = await run<{ last: string | null; n: number }>(client, SEED, [
    seed.lane,
    seed.workspaceId,
    afterId,
    limit,
    seed.journeyId,
    seed.node,
    seed.events,
    seed.afterMillis,
  ])
  return row?.last ?? null
}
