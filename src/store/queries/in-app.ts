import type { JsonObject } from '../../domain/json.ts'
import type { Client } from '../ask.ts'
import { record } from '../record.ts'
import { run, runFor, type Statement } from '../sql.ts'
import { notify } from './notify.ts'

/** API processes listen here for contacts whose in-app messages changed; the payload is ids, by commas. */
export const IN_APP_CHANNEL = 'throughline_in_app'
/** PostgreSQL refuses payloads of 8,000 bytes. */
const IDS_PER_PAYLOAD = 200

export interface InAppInsert {
  lane: number
  id: string
  key: string | null
  surface: string
  priority: number
  platforms: readonly string[] | null
  screens: readonly string[] | null
  events: readonly string[] | null
  content: object
  /** Milliseconds from now, and Unix milliseconds: whichever is sooner. */
  ttl: number
  until: number | null
}

const COLUMNS = record(
  'lane smallint, id uuid, key text, surface text, priority smallint, platforms json, screens json, events json, content json, ttl float8, until float8',
)
const listOf = (column: string) => `CASE WHEN r.${column} IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(r.${column})) END`

/**
 * Shows messages, each once however often it is asked: the ledger's own row says that one has been taken, in the same
 * statement, so neither what replaced it since nor a key that renders otherwise the second time makes another of it.
 * Of those with one key the newest stands, in whatever order they come. Rows here are locked by contact and key, so that
 * no two wait for each other in a ring. Who listens as the contact, or as what was
 * merged with them, is told.
 */
const SHOW: Statement = {
  name: 'in_app_show',
  text: `WITH given AS (SELECT r.*, m.workspace_id, m.contact_id FROM ${COLUMNS.source},
      LATERAL (SELECT * FROM message WHERE message.lane = r.lane AND message.id = r.id AND provider_message_id IS NULL LIMIT 1 FOR UPDATE) AS m),
    taken AS (UPDATE message AS m SET provider_message_id = m.id::text FROM given WHERE m.lane = given.lane AND m.id = given.id),
    shown AS (INSERT INTO in_app_message AS i (lane, id, workspace_id, contact_id, key, surface, priority, platforms, screens, events, content, expires_at)
      SELECT r.lane, r.id, r.workspace_id, r.contact_id, r.key, r.surface, r.priority, ${listOf('platforms')}, ${listOf('screens')}, ${listOf('events')}, r.content,
        least(now() + r.ttl * interval '1 millisecond', to_timestamp(r.until / 1000)) FROM given AS r ORDER BY r.contact_id, r.key
      ON CONFLICT (lane, contact_id, key) DO UPDATE SET id = excluded.id, surface = excluded.surface, priority = excluded.priority, platforms = excluded.platforms,
        screens = excluded.screens, events = excluded.events, content = excluded.content, expires_at = excluded.expires_at, revision = i.revision + 1, sent_at = now(),
        delivered_at = NULL, seen_at = NULL, clicked_at = NULL, dismissed_at = NULL, changed_at = now()
      WHERE i.id < excluded.id RETURNING lane, contact_id),
    told AS (SELECT DISTINCT unnest(k.id || k.linked) AS id FROM shown
      CROSS JOIN LATERAL (SELECT coalesce(merged_into, id) AS id FROM contact WHERE contact.lane = shown.lane AND contact.id = shown.contact_id LIMIT 1) AS c
      CROSS JOIN LATERAL (SELECT id, linked FROM contact WHERE contact.lane = lane_of(c.id) AND contact.id = c.id LIMIT 1) AS k)
    SELECT pg_notify('${IN_APP_CHANNEL}', string_agg(id::text, ',')) FROM (SELECT id, (row_number() OVER () - 1) / ${IDS_PER_PAYLOAD} AS page FROM told) AS p GROUP BY page`,
}

/** No two of one contact with the same key: PostgreSQL changes no row twice in a statement. */
export async function showInApp(client: Client, rows: readonly InAppInsert[]): Promise<void> {
  // Message rows are locked in key order, as everybody does.
  const sorted = [...rows].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  await runFor(client, SHOW, COLUMNS, sorted)
}

const SHOWN: Statement = { name: 'in_app_shown', text: 'SELECT provider_message_id IS NOT NULL AS shown FROM message WHERE lane = $1 AND id = $2' }

/** Whether the message has been shown, though it may have been replaced since. */
export async function wasShown(client: Client, lane: number, id: string): Promise<boolean> {
  return (await run<{ shown: boolean }>(client, SHOWN, [lane, id]))[0]?.shown ?? false
}

/** Tells who listens as one of these contacts, once the transaction commits. */
export async function tellInApp(client: Client, contactIds: readonly string[]): Promise<void> {
  const pages = Array.from({ length: Math.ceil(contactIds.length / IDS_PER_PAYLOAD) }, (_, page) =>
    contactIds.slice(page * IDS_PER_PAYLOAD, (page + 1) * IDS_PER_PAYLOAD).join(','),
  )
  await notify(client, IN_APP_CHANNEL, pages)
}

export interface InAppRow {
  lane: number
  id: string
  contact_id: string
  key: string | null
  surface: string
  priority: number
  platforms: string[] | null
  screens: string[] | null
  events: string[] | null
  content: JsonObject
  revision: number
  /** Instants as Unix milliseconds. */
  expires_at: number
  sent_at: number
  delivered_at: number | null
  seen_at: number | null
  clicked_at: number | null
  dismissed_at: number | null
  /** Whether it was to be seen when it was read. */
  showing: boolean
}

/** The rows of one contact: under every id they have had, in those ids' lanes. */
export interface InAppOwner {
  lanes: readonly number[]
  contactIds: readonly string[]
}

/** Where the app is; null does not matter, and a message that names nothing of the kind is for everywhere. */
export interface InAppPlace {
  surfaces: readonly string[] | null
  platform: string | null
  screen: string | null
  event: string | null
}

const OWN = 'i.lane = ANY ($1::smallint[]) AND i.contact_id = ANY ($2::uuid[])'
/** Two halves of a contact may have one each of a key, from before they were one: the newer stands for both. */
const SHOWING = `(i.dismissed_at IS NULL AND i.expires_at > now() AND NOT EXISTS (SELECT FROM in_app_message AS o
  WHERE o.lane = ANY ($1::smallint[]) AND o.contact_id = ANY ($2::uuid[]) AND o.key = i.key AND o.id > i.id))`
const PLACE = `($3::text[] IS NULL OR i.surface = ANY ($3)) AND ($4::text IS NULL OR i.platforms IS NULL OR $4 = ANY (i.platforms))
  AND ($5::text IS NULL OR i.screens IS NULL OR $5 = ANY (i.screens)) AND ($6::text IS NULL OR i.events IS NULL OR $6 = ANY (i.events))`
const READ = `i.lane, i.id, i.contact_id, i.key, i.surface, i.priority, i.platforms, i.screens, i.events, i.content, i.revision,
  i.expires_at, i.sent_at, i.delivered_at, i.seen_at, i.clicked_at, i.dismissed_at`

const ownerValues = ({ lanes, contactIds }: InAppOwner) => [lanes, contactIds]
const placeValues = ({ surfaces, platform, screen, event }: InAppPlace) => [surfaces, platform, screen, event]

const list = (order: 'ASC' | 'DESC'): Statement => ({
  name: `in_app_list_${order.toLowerCase()}`,
  text: `SELECT ${READ}, true AS showing FROM in_app_message AS i WHERE ${OWN} AND ${SHOWING} AND ${PLACE}
      AND ($8::uuid IS NULL OR (i.priority, i.id) < ($7::smallint, $8)) AND ($10::uuid IS NULL OR (i.priority, i.id) > ($9::smallint, $10))
    ORDER BY i.priority ${order}, i.id ${order} LIMIT $11`,
})
const [FROM_END, FROM_START] = [list('ASC'), list('DESC')]

export interface InAppPosition {
  priority: number
  id: string
}

/** What shows, the highest priority first and then the newest; of it the part between two positions. */
export async function listInApp(
  client: Client,
  owner: InAppOwner,
  place: InAppPlace,
  slice: { after: InAppPosition | null; before: InAppPosition | null; limit: number; fromEnd: boolean },
): Promise<InAppRow[]> {
  const { after, before, limit, fromEnd } = slice
  const bounds = [after?.priority ?? null, after?.id ?? null, before?.priority ?? null, before?.id ?? null]
  return run(client, fromEnd ? FROM_END : FROM_START, [...ownerValues(owner), ...placeValues(place), ...bounds, limit])
}

const UNSEEN: Statement = {
  name: 'in_app_count_unseen',
  text: `SELECT count(*)::int AS n FROM in_app_message AS i WHERE ${OWN} AND ${SHOWING} AND ${PLACE} AND i.seen_at IS NULL`,
}

export async function countUnseenInApp(client: Client, owner: InAppOwner, place: InAppPlace): Promise<number> {
  return (await run<{ n: number }>(client, UNSEEN, [...ownerValues(owner), ...placeValues(place)]))[0]?.n ?? 0
}

/** A minute back, because what was changed before may have been committed after. */
const CHANGED: Statement = {
  name: 'in_app_changed',
  text: `SELECT clock.now, ${READ}, ${SHOWING} AS showing FROM (SELECT floor(extract(epoch FROM now()) * 1000)::float8 AS now) AS clock
    LEFT JOIN in_app_message AS i ON ${OWN} AND ${PLACE} AND i.changed_at > coalesce(to_timestamp($7::float8 / 1000), now()) - interval '1 minute' ORDER BY i.changed_at, i.id`,
}

/** All that changed since, in the order in which it did; some of it may have been told before. `now` is for the next time. */
export async function inAppSince(
  client: Client,
  owner: InAppOwner,
  place: InAppPlace,
  since: number | null,
): Promise<{ now: number; rows: InAppRow[] }> {
  const found = await run<InAppRow & { now: number; id: string | null }>(client, CHANGED, [...ownerValues(owner), ...placeValues(place), since])
  return { now: found[0]?.now ?? 0, rows: found.filter((row) => row.id !== null) }
}

const BY_ID: Statement = {
  name: 'in_app_by_id',
  text: `SELECT ${READ}, i.dismissed_at IS NULL AND i.expires_at > now() AS showing FROM in_app_message AS i WHERE i.lane = ANY ($1::smallint[]) AND i.id = ANY ($2::uuid[])`,
}

export async function readInApp(client: Client, lanes: readonly number[], ids: readonly string[]): Promise<InAppRow[]> {
  return run(client, BY_ID, [lanes, ids])
}

/** In the order of SHOW. */
const DELIVERED: Statement = {
  name: 'in_app_delivered',
  text: `WITH due AS (SELECT lane, id FROM in_app_message WHERE lane = ANY ($1::smallint[]) AND id = ANY ($2::uuid[]) AND delivered_at IS NULL ORDER BY contact_id, key, id FOR UPDATE)
    UPDATE in_app_message AS i SET delivered_at = now() FROM due WHERE i.lane = due.lane AND i.id = due.id RETURNING i.id, i.contact_id`,
}

/** Answers those of these that had not been delivered before. */
export async function deliverInApp(client: Client, lanes: readonly number[], ids: readonly string[]): Promise<{ id: string; contact_id: string }[]> {
  return run(client, DELIVERED, [lanes, ids])
}

export type InAppReport = 'SEEN' | 'CLICKED' | 'DISMISSED'

const REPORT: Statement = {
  name: 'in_app_report',
  text: `UPDATE in_app_message SET delivered_at = coalesce(delivered_at, now()), seen_at = coalesce(seen_at, r.at),
      clicked_at = CASE WHEN $3 = 'CLICKED' THEN coalesce(clicked_at, r.at) ELSE clicked_at END,
      dismissed_at = CASE WHEN $3 = 'DISMISSED' THEN coalesce(dismissed_at, r.at) ELSE dismissed_at END, revision = revision + 1, changed_at = now()
    FROM (SELECT to_timestamp($4::float8 / 1000) AS at) AS r
    WHERE lane = $1 AND id = $2 AND CASE $3 WHEN 'SEEN' THEN seen_at WHEN 'CLICKED' THEN clicked_at ELSE dismissed_at END IS NULL RETURNING 1`,
}

/** Whether that was new. Whoever clicked or dismissed a message has seen it. `at` in Unix milliseconds. */
export async function reportInApp(client: Client, lane: number, id: string, what: InAppReport, at: number): Promise<boolean> {
  return (await run(client, REPORT, [lane, id, what, at])).length > 0
}
