import type { Client } from '../ask.ts'
import { epochMs, run, type Statement, together } from '../sql.ts'

/**
 * Locks what is still planned, in key order like every writer of messages, and then its contacts: all messages
 * first, because a tick holds its messages when it comes to its contacts.
 */
const LOCK: Statement = {
  name: 'dispatch_lock',
  text: `SELECT m.lane, m.id FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id),
    LATERAL (SELECT * FROM message WHERE message.lane = k.lane AND message.id = k.id AND status = 'PLANNED' LIMIT 1 FOR UPDATE) AS m`,
}

/**
 * FOR SHARE on the contact is what a withdrawal of consent waits for, and what waits for it; of a merged contact
 * all halves are locked, because it may be recorded for any: people change the known one's, and a provider tells of its message's.
 */
const LOCK_CONTACTS: Statement = {
  name: 'dispatch_lock_contacts',
  text: `SELECT count(*)::int AS n FROM (
    SELECT held.id FROM (
      SELECT DISTINCT half.lane, half.id FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id),
        LATERAL (SELECT lane, contact_id FROM message WHERE message.lane = k.lane AND message.id = k.id LIMIT 1) AS m,
        LATERAL (SELECT id, merged_into, linked FROM contact WHERE contact.lane = m.lane AND contact.id = m.contact_id LIMIT 1) AS c,
        LATERAL (SELECT m.lane, c.id UNION ALL SELECT lane_of(l.id), l.id FROM unnest(c.linked) AS l (id)
          UNION ALL SELECT lane_of(l.id), l.id FROM (SELECT id, linked FROM contact
            WHERE contact.lane = lane_of(c.merged_into) AND contact.id = c.merged_into LIMIT 1) AS w, unnest(w.id || w.linked) AS l (id)) AS half (lane, id)
      WHERE half.id IS NOT NULL ORDER BY half.lane, half.id) AS who,
    LATERAL (SELECT id FROM contact WHERE contact.lane = who.lane AND contact.id = who.id LIMIT 1 FOR SHARE) AS held) AS locked`,
}

export interface Dispatchable {
  lane: number
  id: string
  workspace_id: string
  contact_id: string
  channel: string
  purpose: string
  topic_id: string | null
  attempt: number
  variables: { event?: Record<string, unknown>; vars?: Record<string, unknown>; key?: string } | null
  planned_at: number
  /** Milliseconds; see PlannedMessage. */
  useful_for: number | null
  node: string | null
  journey_id: string | null
  enrollment_id: string | null
  enrollment_status: string | null
  journey_status: string | null
  broadcast_status: string | null
  contact_suppressed: boolean
  contact_erased: boolean
  external_id: string | null
  attributes: Record<string, unknown>
  tags: string[]
  locale: string | null
  identity_id: string | null
  identity_status: string | null
  platform: string | null
  address: Buffer | null
  consents: [channel: string, topic: string, state: string][]
  template_id: string
  template_version: number
  connection_id: string | null
  connection_updated: number | null
  provider: string | null
  /** Faults of the connection's in a row; see domain/circuit.ts. */
  connection_failures: number
  /** WhatsApp alone: whether the recipient may be answered freely. A minute before the end it may be over when the message arrives. */
  window_open: boolean | null
}

/**
 * A statement of its own after the lock, so that its snapshot is younger than it: a withdrawal that committed
 * first is seen. Everything the sender needs comes with it; secrets stay sealed. Of several connections it is the first
 * in order of priority whose circuit is closed, or the first of all where none is; one whose time has come is tried by every eighth.
 */
const READ: Statement = {
  name: 'dispatch_read',
  text: `SELECT m.lane, m.id, m.workspace_id, m.contact_id, m.channel, m.purpose, m.topic_id, m.attempt, m.variables, ${epochMs('m.planned_at')} AS planned_at, m.useful_for::float8 AS useful_for,
      m.node, m.journey_id, m.enrollment_id, e.status AS enrollment_status, j.status AS journey_status, b.status AS broadcast_status,
      c.suppressed_at IS NOT NULL OR a.suppressed_at IS NOT NULL OR EXISTS (SELECT FROM unnest(c.linked) AS half (id),
        LATERAL (SELECT suppressed_at FROM contact WHERE contact.lane = lane_of(half.id) AND contact.id = half.id LIMIT 1) AS s WHERE s.suppressed_at IS NOT NULL) AS contact_suppressed, c.erased_at IS NOT NULL OR a.erased_at IS NOT NULL AS contact_erased, c.external_id, c.attributes, c.tags, c.locale,
      i.id AS identity_id, i.status AS identity_status, i.platform, i.address,
      (SELECT coalesce(json_agg(json_build_array(s.channel, s.topic_id, s.state)), '[]') FROM unnest(ARRAY[c.id] || c.linked) AS half (id),
        LATERAL (SELECT * FROM consent WHERE consent.lane = lane_of(half.id) AND consent.contact_id = half.id OFFSET 0) AS s) AS consents,
      m.template_id, t.version AS template_version, p.id AS connection_id, ${epochMs('p.updated_at')} AS connection_updated, p.provider, coalesce(p.failures, 0) AS connection_failures, w.open AS window_open
    FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS k (lane, id, place)
    CROSS JOIN LATERAL (SELECT * FROM message WHERE message.lane = k.lane AND message.id = k.id LIMIT 1) AS m
    CROSS JOIN LATERAL (SELECT coalesce(merged_into, id) AS known_id, suppressed_at, erased_at FROM contact WHERE contact.lane = m.lane AND contact.id = m.contact_id LIMIT 1) AS a
    CROSS JOIN LATERAL (SELECT * FROM contact WHERE contact.lane = lane_of(a.known_id) AND contact.id = a.known_id LIMIT 1) AS c
    JOIN template t ON t.id = m.template_id
    LEFT JOIN LATERAL (SELECT status FROM enrollment WHERE enrollment.lane = m.lane AND enrollment.id = m.enrollment_id LIMIT 1) AS e ON true
    LEFT JOIN LATERAL (SELECT * FROM channel_identity WHERE channel_identity.lane = lane_of(m.identity_id) AND channel_identity.id = m.identity_id
      AND channel_identity.contact_id = ANY (c.id || c.linked) LIMIT 1) AS i ON true
    LEFT JOIN journey j ON j.id = m.journey_id
    LEFT JOIN LATERAL (SELECT status FROM broadcast WHERE broadcast.id = m.broadcast_id LIMIT 1) AS b ON true
    LEFT JOIN LATERAL (SELECT o.id, o.updated_at, o.provider, s.failures FROM provider_connection AS o LEFT JOIN provider_circuit AS s ON s.connection_id = o.id
      WHERE o.workspace_id = m.workspace_id AND o.channel = m.channel AND o.disabled_at IS NULL
      ORDER BY CASE WHEN s.open_until IS NULL THEN 0 WHEN s.open_until > clock_timestamp() THEN 2 WHEN k.place % 8 = 1 THEN 0 ELSE 1 END, o.priority LIMIT 1) AS p ON true
    LEFT JOIN LATERAL (SELECT open_until > clock_timestamp() + interval '1 minute' AS open FROM whatsapp_window WHERE m.channel = 'whatsapp'
      AND whatsapp_window.lane = lane_of(m.identity_id) AND whatsapp_window.identity_id = m.identity_id AND whatsapp_window.connection_id = p.id LIMIT 1) AS w ON true`,
}

/** What of these may be dispatched, locked until the transaction ends. Ids sorted by the caller's lane, then id. */
export async function lockDispatchable(client: Client, keys: readonly { lane: number; id: string }[]): Promise<Dispatchable[]> {
  const sorted = [...keys].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  const values = [sorted.map((key) => key.lane), sorted.map((key) => key.id)]
  // The reading travels with the locking and begins when that is done; what was not locked is left out.
  const [locked, , read] = await together([
    run<{ lane: number; id: string }>(client, LOCK, values),
    run<{ n: number }>(client, LOCK_CONTACTS, values),
    run<Dispatchable>(client, READ, values),
  ])
  const held = new Set(locked.map((row) => row.id))
  return read.filter((row) => held.has(row.id))
}

/** Committed before the socket opens: whatever is found DISPATCHING later may have reached the provider. */
const MARK: Statement = {
  name: 'dispatch_mark',
  text: `UPDATE message AS m SET status = 'DISPATCHING', attempt = m.attempt + 1, dispatching_at = clock_timestamp(), template_version = k.version, connection_id = k.connection, provider = k.provider
    FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::uuid[], $5::text[]) AS k (lane, id, version, connection, provider) WHERE m.lane = k.lane AND m.id = k.id`,
}

export async function markDispatching(client: Client, rows: readonly Dispatchable[]): Promise<void> {
  if (rows.length === 0) return
  await run(client, MARK, [
    rows.map((row) => row.lane),
    rows.map((row) => row.id),
    rows.map((row) => row.template_version),
    rows.map((row) => row.connection_id),
    rows.map((row) => row.provider),
  ])
}

export interface Stranded {
  lane: number
  id: string
  workspace_id: string
  contact_id: string
  attempt: number
  channel: string
  connection_id: string | null
  identity_id: string | null
  dispatching_at: number
  /** Of the connection as it is now: its credentials may have changed since. */
  connection_updated: number | null
}

/**
 * Messages whose sender has not reported for longer than any request may take: it died. And those whose answer was lost and has been
 * waited for nearly to the end: now() there, since no index is searched for what a volatile function gives.
 */
const STRANDED: Statement = {
  name: 'dispatch_stranded',
  text: `SELECT m.lane, m.id, m.workspace_id, m.contact_id, m.attempt, m.channel, m.connection_id, m.identity_id, (extract(epoch FROM m.dispatching_at) * 1000)::float8 AS dispatching_at, m.status,
      (SELECT ${epochMs('p.updated_at')} FROM provider_connection AS p WHERE p.id = m.connection_id) AS connection_updated,
      NOT EXISTS (SELECT FROM message AS o WHERE o.lane = m.lane AND o.contact_id = m.contact_id AND o.identity_id = m.identity_id AND o.id <> m.id
        AND o.dispatching_at BETWEEN m.dispatching_at - interval '30 seconds' AND m.dispatching_at + interval '30 seconds') AS alone
    FROM unnest($1::smallint[]) AS l (lane),
    LATERAL ((SELECT * FROM message WHERE message.lane = l.lane AND status = 'DISPATCHING' AND dispatching_at < clock_timestamp() - $2::float8 * interval '1 millisecond' LIMIT 100)
      UNION ALL (SELECT * FROM message WHERE message.lane = l.lane AND status = 'UNKNOWN' AND due_at > now() AND due_at < now() + $3::float8 * interval '1 millisecond' LIMIT 100)) AS m`,
}

/** `alone`: no other message was handed over for the same address at about the same time. */
export type Doubtful = Stranded & { alone: boolean; status: 'DISPATCHING' | 'UNKNOWN' }

/** DISPATCHING for longer than `olderThan`, UNKNOWN for not much longer than `dueWithin`; milliseconds. */
export async function findStranded(client: Client, lanes: readonly number[], olderThan: number, dueWithin: number): Promise<Doubtful[]> {
  return run<Doubtful>(client, STRANDED, [lanes, olderThan, dueWithin])
}
