import type { ProviderTemplate, TemplateStatus } from '../../domain/whatsapp-template.ts'
import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'
import type { Key } from './facts.ts'

/** A number that wrote, as its identity is stored. */
export interface WriterRow {
  lane: number
  id: string
  workspaceId: string
  contactId: string
  address: Buffer
  blind: string
}

const ADD: Statement = {
  name: 'whatsapp_add_identities',
  text: `INSERT INTO channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index)
    SELECT lane, id, workspace_id, contact_id, 'whatsapp', address, blind FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bytea[], $6::text[])
      AS k (lane, id, workspace_id, contact_id, address, blind) ORDER BY lane, contact_id, blind
    ON CONFLICT (lane, contact_id, channel, blind_index) DO NOTHING`,
}
const FIND: Statement = {
  name: 'whatsapp_find_identities',
  text: `SELECT i.id, i.lane, i.contact_id, i.blind_index AS blind FROM unnest($1::smallint[], $2::uuid[], $3::text[]) AS k (lane, contact_id, blind),
    LATERAL (SELECT * FROM channel_identity WHERE lane = k.lane AND contact_id = k.contact_id AND channel = 'whatsapp' AND blind_index = k.blind LIMIT 1) AS i`,
}

/** Their identities, made where they are not there yet. */
export async function identitiesOfWriters(
  client: Client,
  writers: readonly WriterRow[],
): Promise<{ id: string; lane: number; contact_id: string; blind: string }[]> {
  const find = () =>
    run<{ id: string; lane: number; contact_id: string; blind: string }>(client, FIND, [
      writers.map((each) => each.lane),
      writers.map((each) => each.contactId),
      writers.map((each) => each.blind),
    ])
  const found = await find()
  // The one statement more is for first messages alone.
  if (found.length === writers.length) return found
  await run(client, ADD, [
    writers.map((each) => each.lane),
    writers.map((each) => each.id),
    writers.map((each) => each.workspaceId),
    writers.map((each) => each.contactId),
    writers.map((each) => each.address),
    writers.map((each) => each.blind),
  ])
  return find()
}

const OPEN: Statement = {
  name: 'whatsapp_open_windows',
  text: `INSERT INTO whatsapp_window (lane, identity_id, connection_id, workspace_id, contact_id, open_until)
    SELECT lane, identity_id, $4, $5, contact_id, to_timestamp(until / 1000) FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $6::float8[]) AS k (lane, identity_id, contact_id, until)
      ORDER BY lane, identity_id
    ON CONFLICT (lane, identity_id, connection_id) DO UPDATE SET open_until = GREATEST(whatsapp_window.open_until, excluded.open_until)`,
}

/** `until` in Unix milliseconds; each identity once. A message that comes late shortens nothing. */
export async function openWindows(
  client: Client,
  connection: { id: string; workspaceId: string },
  windows: readonly (Key & { contactId: string; until: number })[],
): Promise<void> {
  await run(client, OPEN, [
    windows.map((each) => each.lane),
    windows.map((each) => each.id),
    windows.map((each) => each.contactId),
    connection.id,
    connection.workspaceId,
    windows.map((each) => each.until),
  ])
}

const CLOSE: Statement = {
  name: 'whatsapp_close_window',
  text: 'DELETE FROM whatsapp_window WHERE lane = $1 AND identity_id = $2 AND connection_id = $3',
}

/** The provider knows better. */
export async function closeWindow(client: Client, identity: Key, connectionId: string): Promise<void> {
  await run(client, CLOSE, [identity.lane, identity.id, connectionId])
}

const CLOSE_OF: Statement = {
  name: 'whatsapp_close_windows_of',
  text: `DELETE FROM whatsapp_window AS w USING unnest($1::smallint[], $2::uuid[], $3::float8[]) AS k (lane, id, at),
    LATERAL (SELECT identity_id FROM message WHERE message.lane = k.lane AND message.id = k.id LIMIT 1) AS m
    WHERE w.lane = lane_of(m.identity_id) AND w.identity_id = m.identity_id AND w.connection_id = $4
      AND w.open_until <= to_timestamp(k.at / 1000) + interval '24 hours'`,
}

/** The windows of messages that failed because they are closed; not one that was opened since, `at` in Unix milliseconds. */
export async function closeWindowsOf(client: Client, connectionId: string, messages: readonly (Key & { at: number })[]): Promise<void> {
  await run(client, CLOSE_OF, [messages.map((each) => each.lane), messages.map((each) => each.id), messages.map((each) => each.at), connectionId])
}

const UNTIL: Statement = {
  name: 'whatsapp_open_until',
  text: `SELECT k.id, (extract(epoch FROM max(w.open_until)) * 1000)::float8 AS until FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id)
    JOIN whatsapp_window AS w ON w.lane = k.lane AND w.identity_id = k.id JOIN provider_connection AS p ON p.id = w.connection_id AND p.disabled_at IS NULL
    WHERE w.open_until > now() GROUP BY k.id`,
}

/** Until when free words reach each of these identities; those alone whose window is open. */
export async function openUntil(client: Client, identities: readonly Key[]): Promise<Map<string, Date>> {
  const rows = await run<{ id: string; until: number }>(client, UNTIL, [identities.map((each) => each.lane), identities.map((each) => each.id)])
  return new Map(rows.map((row) => [row.id, new Date(row.until)]))
}

/** How a provider names a template: Twilio by its SID, Meta by name and language. */
export type TemplateKey = { sid: string } | { name: string; language: string }

const STATUS: Statement = {
  name: 'whatsapp_template_status',
  text: `SELECT status FROM whatsapp_template WHERE connection_id = $1 AND (provider_id = $2 OR (name = $3 AND language = $4)) LIMIT 1`,
}

const valuesOf = (connectionId: string, key: TemplateKey) =>
  'sid' in key ? [connectionId, key.sid, null, null] : [connectionId, null, key.name, key.language]

/** null where the connection has none such. */
export async function readTemplateStatus(client: Client, connectionId: string, key: TemplateKey): Promise<TemplateStatus | null> {
  return (await run<{ status: TemplateStatus }>(client, STATUS, valuesOf(connectionId, key)))[0]?.status ?? null
}

const FAULT: Statement = {
  name: 'whatsapp_template_fault',
  text: `UPDATE whatsapp_template SET status = $5, reviewed_at = now() WHERE connection_id = $1 AND (provider_id = $2 OR (name = $3 AND language = $4)) AND status = 'APPROVED'`,
}

/** What a refusal told: only ever that a template is not approved after all. */
export async function faultTemplate(client: Client, connectionId: string, key: TemplateKey, status: TemplateStatus): Promise<void> {
  await run(client, FAULT, [...valuesOf(connectionId, key), status])
}

const STORE: Statement = {
  name: 'whatsapp_store_templates',
  text: `WITH given AS (SELECT * FROM jsonb_to_recordset($3) AS g (id uuid, "providerId" text, name text, language text, category text, status text, reason text, components jsonb, slots jsonb)),
    stored AS (
      INSERT INTO whatsapp_template (id, workspace_id, connection_id, provider_id, name, language, category, status, reason, components, slots)
      SELECT DISTINCT ON ("providerId") id, $1::uuid, $2::uuid, "providerId", name, language, category, status, reason, components, slots FROM given ORDER BY "providerId"
      ON CONFLICT (connection_id, provider_id) DO UPDATE SET name = excluded.name, language = excluded.language, category = excluded.category,
        status = excluded.status, reason = excluded.reason, components = excluded.components, slots = excluded.slots, synced_at = now())
    UPDATE whatsapp_template SET status = 'DELETED', synced_at = now()
    WHERE connection_id = $2 AND status <> 'DELETED' AND provider_id NOT IN (SELECT "providerId" FROM given)`,
}

/** All that the provider has: what is not among it is gone there. */
export async function storeTemplates(
  client: Client,
  connection: { id: string; workspaceId: string },
  templates: readonly (ProviderTemplate & { id: string })[],
): Promise<void> {
  await run(client, STORE, [connection.workspaceId, connection.id, JSON.stringify(templates)])
}

const RECATEGORISE: Statement = {
  name: 'whatsapp_recategorise_template',
  text: `UPDATE whatsapp_template SET category = $4 WHERE connection_id = $1 AND provider_id = $2 AND (category IS NULL OR category = $3)`,
}

/** From one category into another, where it still is in the one: what is told late, or twice, changes nothing. */
export async function recategoriseTemplate(
  client: Client,
  connectionId: string,
  { providerId, from, category }: { providerId: string; from: string; category: string },
): Promise<void> {
  await run(client, RECATEGORISE, [connectionId, providerId, from, category])
}

const REVIEW: Statement = {
  name: 'whatsapp_review_template',
  text: `UPDATE whatsapp_template SET status = $3, reason = $4, reviewed_at = to_timestamp($5::float8 / 1000)
    WHERE connection_id = $1 AND provider_id = $2 AND (reviewed_at IS NULL OR reviewed_at <= to_timestamp($5::float8 / 1000))`,
}

/** A review, unless a later one was heard of before it. `at` in Unix milliseconds. */
export async function reviewTemplate(
  client: Client,
  connectionId: string,
  review: { providerId: string; status: TemplateStatus; reason: string | null; at: number },
): Promise<void> {
  await run(client, REVIEW, [connectionId, review.providerId, review.status, review.reason, review.at])
}
