import type { Client } from '../ask.ts'
import { record } from '../record.ts'
import { run, runFor, type Statement } from '../sql.ts'

/** Workers listen here; told at commit that there is something to deliver. */
export const DELIVERIES_CHANNEL = 'throughline_deliveries'

export interface DeliveryInsert {
  lane: number
  id: string
  workspace: string
  endpoint: string
  contact: string
  type: string
  data: unknown
  created: number
}
const INSERT_COLUMNS = record('lane smallint, id uuid, workspace uuid, endpoint uuid, contact uuid, type text, data json, created float8')
const INSERT: Statement = {
  name: 'delivery_insert',
  text: `WITH inserted AS (
      INSERT INTO webhook_delivery (lane, id, workspace_id, endpoint_id, contact_id, type, data, status, due_at, created_at)
      SELECT r.lane, r.id, r.workspace, r.endpoint, r.contact, r.type, r.data, 'PENDING', to_timestamp(r.created / 1000), to_timestamp(r.created / 1000)
      FROM ${INSERT_COLUMNS.source}
    ) SELECT pg_notify('${DELIVERIES_CHANNEL}', '')`,
}
export async function writeDeliveries(client: Client, rows: readonly DeliveryInsert[]): Promise<void> {
  await runFor(client, INSERT, INSERT_COLUMNS, rows)
}

export interface ClaimedDelivery {
  lane: number
  id: string
  workspace_id: string
  endpoint_id: string
  contact_id: string
  external_id: string | null
  type: string
  data: Record<string, unknown>
  created_at: number
  /** Requests made, this one among them; `tries` since it was last asked for again. */
  attempt: number
  tries: number
  url: string
  secret: Buffer
  /** Signs too until receivers have changed to the new one. */
  previous_secret: Buffer | null
}

/**
 * So many of each endpoint that has nothing under way with this worker, so that one that is slow or dead keeps its own
 * events waiting and nobody else's. Claimed as calls are. In no order of endpoints: none is always the last.
 */
const CLAIM: Statement = {
  name: 'delivery_claim',
  text: `WITH due AS MATERIALIZED (
      SELECT d.lane, d.id FROM (SELECT id FROM webhook_endpoint WHERE disabled_at IS NULL AND id <> ALL ($1::uuid[]) ORDER BY random()) AS e,
      LATERAL (SELECT lane, id FROM webhook_delivery WHERE endpoint_id = e.id AND due_at <= now() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS d
      LIMIT $3
    ), taken AS (
      UPDATE webhook_delivery AS w SET due_at = now() + $4::float8 * interval '1 millisecond', attempt = w.attempt + 1, tries = w.tries + 1
      FROM due WHERE w.lane = due.lane AND w.id = due.id
      RETURNING w.lane, w.id, w.workspace_id, w.endpoint_id, w.contact_id, w.type, w.data, w.created_at, w.attempt, w.tries
    )
    SELECT t.lane, t.id, t.workspace_id, t.endpoint_id, t.contact_id, t.type, t.data, (extract(epoch FROM t.created_at) * 1000)::float8 AS created_at, t.attempt, t.tries,
      e.url, e.secret, CASE WHEN e.previous_until > now() THEN e.previous_secret END AS previous_secret, c.external_id
    FROM taken AS t JOIN webhook_endpoint AS e ON e.id = t.endpoint_id
    LEFT JOIN LATERAL (SELECT external_id FROM contact WHERE contact.lane = t.lane AND contact.id = t.contact_id LIMIT 1) AS c ON true`,
}
export async function claimDeliveries(
  client: Client,
  busy: readonly string[],
  perEndpoint: number,
  most: number,
  claimedFor: number,
): Promise<ClaimedDelivery[]> {
  return run<ClaimedDelivery>(client, CLAIM, [busy, perEndpoint, most, claimedFor])
}

export interface DeliverySettlement {
  lane: number
  id: string
  endpoint: string
  attempt: number
  status: string
  pause: number | null
  /** One line of the log. */
  line: { at: string; status: number | null; code: string | null; millis: number }
  gone: boolean
}
const SETTLE_COLUMNS = record('lane smallint, id uuid, endpoint uuid, attempt int, status text, pause float8, line jsonb, gone boolean')
/** A line is kept of every try; the endpoint's own standing follows from all of them: one success ends a failure. */
const SETTLE: Statement = {
  name: 'delivery_settle',
  text: `WITH r AS MATERIALIZED (
      SELECT r.* FROM ${SETTLE_COLUMNS.source},
      LATERAL (SELECT FROM webhook_delivery WHERE webhook_delivery.lane = r.lane AND webhook_delivery.id = r.id AND webhook_delivery.attempt = r.attempt LIMIT 1 FOR UPDATE) AS w
    ), settled AS (
      UPDATE webhook_delivery AS w SET status = r.status, due_at = now() + r.pause * interval '1 millisecond', attempts = w.attempts || r.line,
        finished_at = CASE WHEN r.status <> 'PENDING' THEN now() END
      FROM r WHERE w.lane = r.lane AND w.id = r.id
    ), stand AS (
      SELECT endpoint, bool_or(status = 'DELIVERED') AS received, bool_or(gone) AS gone FROM r GROUP BY endpoint ORDER BY endpoint
    ), standing AS (
      UPDATE webhook_endpoint AS e SET failing_since = CASE WHEN s.received THEN NULL ELSE now() END
      FROM stand AS s WHERE e.id = s.endpoint AND (e.failing_since IS NULL) <> s.received
    )
    SELECT e.id, CASE WHEN s.gone THEN 'GONE' ELSE 'FAILING' END AS reason FROM stand AS s JOIN webhook_endpoint AS e ON e.id = s.endpoint
    WHERE e.disabled_at IS NULL AND (s.gone OR NOT s.received AND e.failing_since < now() - $9::float8 * interval '1 millisecond')`,
}
/**
 * Apart from the settling: a trigger tells the ring of a change to `disabled_at`, and of two changes to one table in one
 * statement it would see the last alone.
 */
const DISABLE: Statement = {
  name: 'delivery_disable',
  text: `UPDATE webhook_endpoint AS e SET disabled_at = now(), disabled_reason = k.reason FROM unnest($1::uuid[], $2::text[]) AS k (id, reason)
    WHERE e.id = k.id AND e.disabled_at IS NULL`,
}
/** `failingFor`: an endpoint that has taken nothing for longer is disabled. Milliseconds. In the caller's transaction. */
export async function settleDeliveries(client: Client, rows: readonly DeliverySettlement[], failingFor: number): Promise<void> {
  const sorted = [...rows].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  const over = await run<{ id: string; reason: string }>(client, SETTLE, [...SETTLE_COLUMNS.encode(sorted), failingFor])
  if (over.length > 0) await run(client, DISABLE, [over.map((each) => each.id), over.map((each) => each.reason)])
}

const REPLAY: Statement = {
  name: 'delivery_replay',
  text: `WITH page AS (
      SELECT lane, id FROM webhook_delivery WHERE endpoint_id = $1 AND status = ANY ($2::text[]) AND ($3::uuid[] IS NULL OR id = ANY ($3)) AND ($4::float8 IS NULL OR created_at >= to_timestamp($4 / 1000))
      ORDER BY id LIMIT $5 FOR UPDATE
    ), again AS (
      UPDATE webhook_delivery AS w SET status = 'PENDING', due_at = now(), tries = 0, finished_at = NULL FROM page WHERE w.lane = page.lane AND w.id = page.id RETURNING 1
    ) SELECT count(*)::int AS n, pg_notify('${DELIVERIES_CHANNEL}', '') FROM again`,
}
/** Asks for deliveries again, under the ids they had; answers how many. `ids` null: all of these states, since an instant in Unix milliseconds where one is given. */
export async function replayDeliveries(
  client: Client,
  what: { endpointId: string; states: readonly string[]; ids: readonly string[] | null; since: number | null; most: number },
): Promise<number> {
  const [row] = await run<{ n: number }>(client, REPLAY, [what.endpointId, what.states, what.ids, what.since, what.most])
  return row?.n ?? 0
}
