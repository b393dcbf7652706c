import type { Client } from '../ask.ts'
import { record } from '../record.ts'
import { run, runFor, type Statement } from '../sql.ts'

/** Workers listen here; told at commit that a tick has planned calls. */
export const CALLS_CHANNEL = 'throughline_calls'

export interface CallInsert {
  lane: number
  id: string
  workspace: string
  contact: string
  enrollment: string
  journey: string
  version: string
  node: string
  visit: number
  variables: unknown
  planned: number
}
const INSERT_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, contact uuid, enrollment uuid, journey uuid, version uuid, node text, visit int, variables json, planned float8',
)
const INSERT: Statement = {
  name: 'call_insert',
  text: `WITH inserted AS (
      INSERT INTO webhook_call (lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, variables, status, due_at, planned_at)
      SELECT r.lane, r.id, r.workspace, r.contact, r.enrollment, r.journey, r.version, r.node, r.visit, r.variables, 'PENDING', to_timestamp(r.planned / 1000), to_timestamp(r.planned / 1000)
      FROM ${INSERT_COLUMNS.source} ON CONFLICT (lane, id) DO NOTHING
    ) SELECT pg_notify('${CALLS_CHANNEL}', '')`,
}
export async function writeCalls(client: Client, rows: readonly CallInsert[]): Promise<void> {
  await runFor(client, INSERT, INSERT_COLUMNS, rows)
}

const WITHDRAW: Statement = {
  name: 'call_withdraw',
  text: `UPDATE webhook_call AS c SET status = 'CANCELLED', due_at = NULL, finished_at = now() FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id)
    WHERE c.lane = k.lane AND c.id = k.id AND c.status IN ('PENDING', 'HELD')`,
}
/** Takes back calls whose enrollments have ended. One that is under way is still made, and its answer moves nobody. */
export async function withdrawCalls(client: Client, keys: readonly { lane: number; id: string }[]): Promise<void> {
  if (keys.length === 0) return
  const sorted = [...keys].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  await run(client, WITHDRAW, [sorted.map((key) => key.lane), sorted.map((key) => key.id)])
}

export interface ClaimedCall {
  lane: number
  id: string
  workspace_id: string
  contact_id: string
  enrollment_id: string
  version_id: string
  node: string
  /** From 1. */
  attempt: number
  variables: { event?: Record<string, unknown>; vars?: Record<string, unknown>; key?: string }
  external_id: string | null
  attributes: Record<string, unknown>
  tags: string[]
  locale: string | null
  erased: boolean
}

/**
 * Takes calls that are due and puts them off by the claim's length: should this worker die, another makes them again when
 * that is over. FOR SHARE on the journey, so that none slips past a pause into a hold that its resumption has looked
 * through already. With the contact as its templates see it: of a merged one the known half.
 */
const CLAIM: Statement = {
  name: 'call_claim',
  text: `WITH due AS MATERIALIZED (
      SELECT c.lane, c.id, j.status AS journey_status FROM unnest($1::smallint[]) AS l (lane),
      LATERAL (SELECT lane, id, journey_id FROM webhook_call WHERE webhook_call.lane = l.lane AND due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS c,
      LATERAL (SELECT status FROM journey WHERE journey.id = c.journey_id FOR SHARE) AS j
      LIMIT $2
    ), taken AS (
      UPDATE webhook_call AS c SET
        status = CASE d.journey_status WHEN 'PAUSED' THEN 'HELD' WHEN 'ARCHIVED' THEN 'CANCELLED' ELSE 'PENDING' END,
        due_at = CASE WHEN d.journey_status IN ('PAUSED', 'ARCHIVED') THEN NULL ELSE now() + $3::float8 * interval '1 millisecond' END,
        attempt = CASE WHEN d.journey_status IN ('PAUSED', 'ARCHIVED') THEN c.attempt ELSE c.attempt + 1 END
      FROM due AS d WHERE c.lane = d.lane AND c.id = d.id
      RETURNING c.lane, c.id, c.workspace_id, c.contact_id, c.enrollment_id, c.version_id, c.node, c.attempt, c.variables, c.status
    )
    SELECT t.lane, t.id, t.workspace_id, t.contact_id, t.enrollment_id, t.version_id, t.node, t.attempt, t.variables, t.status,
      k.external_id, k.attributes, k.tags, k.locale, a.erased_at IS NOT NULL OR k.erased_at IS NOT NULL AS erased
    FROM taken AS t
    CROSS JOIN LATERAL (SELECT coalesce(merged_into, id) AS known_id, erased_at FROM contact WHERE contact.lane = t.lane AND contact.id = t.contact_id LIMIT 1) AS a
    CROSS JOIN LATERAL (SELECT * FROM contact WHERE contact.lane = lane_of(a.known_id) AND contact.id = a.known_id LIMIT 1) AS k`,
}

/** At most `most`, from these lanes in this order; `full` where there may be more. */
export async function claimCalls(
  client: Client,
  lanes: readonly number[],
  most: number,
  claimedFor: number,
): Promise<{ calls: ClaimedCall[]; full: boolean }> {
  const rows = await run<ClaimedCall & { status: string }>(client, CLAIM, [lanes, most, claimedFor])
  return { calls: rows.filter((row) => row.status === 'PENDING'), full: rows.length >= most }
}

export interface CallSettlement {
  lane: number
  id: string
  attempt: number
  status: 'PENDING' | 'SUCCEEDED' | 'FAILED'
  /** Milliseconds until the next request; null for none. */
  pause: number | null
  /** Gives the attempt back, which the claim counted. */
  unmade: boolean
  answer: number | null
  code: string | null
  message: string | null
}
const SETTLE_COLUMNS = record('lane smallint, id uuid, attempt int, status text, pause float8, unmade boolean, answer int, code text, message text')
const SETTLE: Statement = {
  name: 'call_settle',
  text: `WITH r AS MATERIALIZED (
      SELECT r.*, c.status AS was FROM ${SETTLE_COLUMNS.source},
      LATERAL (SELECT status FROM webhook_call WHERE webhook_call.lane = r.lane AND webhook_call.id = r.id AND webhook_call.attempt = r.attempt LIMIT 1 FOR UPDATE) AS c
    ), settled AS (
      UPDATE webhook_call AS c SET answer_status = r.answer, failure_code = r.code, failure_message = r.message,
        status = CASE r.was WHEN 'PENDING' THEN r.status ELSE c.status END,
        attempt = c.attempt - CASE WHEN r.unmade THEN 1 ELSE 0 END,
        due_at = CASE r.was WHEN 'PENDING' THEN now() + r.pause * interval '1 millisecond' END,
        finished_at = CASE WHEN r.was = 'PENDING' AND r.status = 'PENDING' THEN NULL ELSE coalesce(c.finished_at, now()) END
      FROM r WHERE c.lane = r.lane AND c.id = r.id
    )
    SELECT id FROM r WHERE was = 'PENDING'`,
}

/**
 * Stores what requests came to, and answers the ids of those that still count: not one whose claim ran out and was taken
 * over, nor one whose enrollment has ended meanwhile.
 */
export async function settleCalls(client: Client, rows: readonly CallSettlement[]): Promise<Set<string>> {
  const sorted = [...rows].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  return new Set((await runFor<{ id: string }>(client, SETTLE, SETTLE_COLUMNS, sorted)).map((row) => row.id))
}

const THAW: Statement = {
  name: 'call_thaw',
  text: `WITH page AS (SELECT lane, id FROM webhook_call WHERE journey_id = $1 AND status = 'HELD' ORDER BY lane, id LIMIT $2 FOR UPDATE),
    thawed AS (UPDATE webhook_call AS c SET status = 'PENDING', due_at = now() + (abs(hashtext(c.id::text)) % greatest($3::int, 1)) * interval '1 millisecond'
      FROM page WHERE c.lane = page.lane AND c.id = page.id RETURNING 1)
    SELECT count(*)::int AS n FROM thawed`,
}
/** One batch of what a pause held falls due within the spread of so many milliseconds; answers how many. */
export async function thawCalls(client: Client, journeyId: string, limit: number, spread: number): Promise<number> {
  return (await run<{ n: number }>(client, THAW, [journeyId, limit, spread]))[0]?.n ?? 0
}

const SKIP: Statement = {
  name: 'call_skip',
  text: `WITH page AS (SELECT lane, id FROM webhook_call WHERE journey_id = $1 AND status = 'HELD' ORDER BY lane, id LIMIT $2 FOR UPDATE)
    UPDATE webhook_call AS c SET status = 'FAILED', failure_code = 'expired', finished_at = now()
    FROM page WHERE c.lane = page.lane AND c.id = page.id RETURNING c.id, c.contact_id, c.enrollment_id`,
}
/** Gives up one batch of what a pause held; whoever asks tells the ring in the same transaction. */
export async function skipCalls(
  client: Client,
  journeyId: string,
  limit: number,
): Promise<{ id: string; contact_id: string; enrollment_id: string }[]> {
  return run(client, SKIP, [journeyId, limit])
}
