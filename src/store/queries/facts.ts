import type { Client } from '../ask.ts'
import { record } from '../record.ts'
import { epochMs, run, runFor, type Statement } from '../sql.ts'
import { ENROLLMENT_COLUMNS, type EnrollmentRow } from './claim.ts'

/**
 * What a tick reads, for all its contacts at once. Keys come as arrays and are joined by LATERAL … LIMIT, or OFFSET 0
 * where there may be several: a plain join can be planned the other way about, the whole table against the keys.
 */
export interface Key {
  lane: number
  id: string
}

const KEYS = record('lane smallint, id uuid')

const REFERENCES = record('n int, lane smallint, workspaceId uuid, reference text')
const ALIASES: Statement = {
  name: 'facts_aliases',
  text: `SELECT r.n, a.contact_id FROM ${REFERENCES.source},
    LATERAL (SELECT contact_id FROM contact_alias WHERE lane = r.lane AND workspace_id = r.workspaceId AND reference = r.reference LIMIT 1) AS a`,
}

/** For each reference, in the order given, its contact; undefined where there is none yet. */
export async function resolveAliases(
  client: Client,
  references: readonly { lane: number; workspaceId: string; reference: string }[],
): Promise<(string | undefined)[]> {
  const asks = references.map((each, n) => ({ ...each, n }))
  const rows = await runFor<{ n: number; contact_id: string }>(client, ALIASES, REFERENCES, asks)
  const found: (string | undefined)[] = references.map(() => undefined)
  for (const row of rows) found[row.n] = row.contact_id
  return found
}

/**
 * Contacts that nobody had named yet. An alias that another transaction made meanwhile wins: its contact is
 * answered, and the one made here in vain is not inserted.
 */
const NEW_CONTACTS = record('lane smallint, workspaceId uuid, reference text, contactId uuid, externalId text')
const CREATE: Statement = {
  name: 'facts_create_contacts',
  text: `WITH wanted AS (SELECT lane, workspaceId AS workspace_id, reference, contactId AS contact_id, externalId AS external_id FROM ${NEW_CONTACTS.source}),
    aliased AS (
      INSERT INTO contact_alias (lane, workspace_id, reference, contact_id) SELECT lane, workspace_id, reference, contact_id FROM wanted ORDER BY lane, workspace_id, reference
      ON CONFLICT (lane, workspace_id, reference) DO NOTHING RETURNING lane, workspace_id, reference)
    INSERT INTO contact (lane, id, workspace_id, external_id)
    SELECT lane, contact_id, workspace_id, external_id FROM wanted JOIN aliased USING (lane, workspace_id, reference) RETURNING id`,
}

export interface NewContact {
  lane: number
  workspaceId: string
  reference: string
  contactId: string
  externalId: string | null
}

/** Returns the ids of those that were created. */
export async function createContacts(client: Client, contacts: readonly NewContact[]): Promise<Set<string>> {
  const rows = await runFor<{ id: string }>(client, CREATE, NEW_CONTACTS, contacts)
  return new Set(rows.map((row) => row.id))
}

export interface ContactRow {
  lane: number
  id: string
  workspace_id: string
  external_id: string | null
  attributes: Record<string, unknown>
  tags: string[]
  locale: string | null
  time_zone: string | null
  merged_into: string | null
  linked: string[]
  suppressed: boolean
  erased: boolean
  created_at: number
  identities: [id: string, channel: string, status: string, platform: string | null, lastSeenAt: number][]
  consents: [channel: string, topic: string, state: string][]
}

/** Each part is a word, so that spaces keep them apart, and commas the rows: as JSON they cost PostgreSQL 2 µs a contact more. */
const CONTACTS: Statement = {
  name: 'facts_contacts',
  text: `SELECT c.lane, c.id, c.workspace_id, c.external_id, c.attributes, c.tags, c.locale, c.time_zone, c.merged_into, c.linked,
      c.suppressed_at IS NOT NULL AS suppressed, c.erased_at IS NOT NULL AS erased, ${epochMs('c.created_at')} AS created_at,
      (SELECT string_agg(i.id || ' ' || i.channel || ' ' || i.status || ' ' || coalesce(i.platform, '') || ' ' || ${epochMs('i.last_seen_at')}, ',')
        FROM channel_identity i WHERE i.lane = c.lane AND i.contact_id = c.id) AS identities,
      (SELECT string_agg(s.channel || ' ' || s.topic_id || ' ' || s.state, ',')
        FROM consent s WHERE s.lane = c.lane AND s.contact_id = c.id) AS consents
    FROM ${KEYS.source},
    LATERAL (SELECT * FROM contact WHERE contact.lane = r.lane AND contact.id = r.id LIMIT 1) AS c`,
}

const wordsOf = (rows: string | null): string[][] => rows?.split(',').map((row) => row.split(' ')) ?? []

type Words = 'identities' | 'consents'

export async function loadContacts(client: Client, keys: readonly Key[]): Promise<ContactRow[]> {
  const rows = await runFor<Omit<ContactRow, Words> & Record<Words, string | null>>(client, CONTACTS, KEYS, keys)
  // In place: there are thousands in a tick, of fifteen members each.
  return rows.map((row) =>
    Object.assign(row, {
      identities: wordsOf(row.identities).map(([id = '', channel = '', status = '', platform = '', at]): ContactRow['identities'][number] => [
        id,
        channel,
        status,
        platform || null,
        Number(at),
      ]),
      consents: wordsOf(row.consents).map(([channel = '', topic = '', state = '']): ContactRow['consents'][number] => [channel, topic, state]),
    }),
  )
}

const ACTIVE: Statement = {
  name: 'facts_active_enrollments',
  text: `SELECT ${ENROLLMENT_COLUMNS} FROM ${KEYS.source},
    LATERAL (SELECT * FROM enrollment WHERE enrollment.lane = r.lane AND enrollment.contact_id = r.id AND status = 'ACTIVE' OFFSET 0) AS e`,
}

/** All running enrollments of these contacts. */
export async function loadActiveEnrollments(client: Client, contacts: readonly Key[]): Promise<EnrollmentRow[]> {
  return runFor<EnrollmentRow>(client, ACTIVE, KEYS, contacts)
}

const BY_ID: Statement = {
  name: 'facts_enrollments',
  text: `SELECT ${ENROLLMENT_COLUMNS}, ${epochMs('e.ended_at')} AS ended_at, e.end_reason FROM ${KEYS.source},
    LATERAL (SELECT * FROM enrollment WHERE enrollment.lane = r.lane AND enrollment.id = r.id LIMIT 1) AS e`,
}

/** Over or not, unlike the others: when and why comes with them. */
export async function loadEnrollments(client: Client, keys: readonly Key[]): Promise<EnrollmentRow[]> {
  return runFor<EnrollmentRow>(client, BY_ID, KEYS, keys)
}

export interface SlotRow {
  lane: number
  journey_id: string
  contact_id: string
  key: string
  enrollment_id: string | null
  last_entered_at: number | null
  last_event_id: string | null
}

const PLACES = record('lane smallint, journeyId uuid, contactId uuid')
const SLOTS: Statement = {
  name: 'facts_entry_slots',
  text: `SELECT s.lane, s.journey_id, s.contact_id, s.key, s.enrollment_id, ${epochMs('s.last_entered_at')} AS last_entered_at, s.last_event_id
    FROM ${PLACES.source},
    LATERAL (SELECT * FROM entry_slot WHERE entry_slot.lane = r.lane AND entry_slot.journey_id = r.journeyId AND entry_slot.contact_id = r.contactId OFFSET 0) AS s`,
}

export async function loadSlots(client: Client, keys: readonly { lane: number; journeyId: string; contactId: string }[]): Promise<SlotRow[]> {
  return runFor<SlotRow>(client, SLOTS, PLACES, keys)
}

const WATCHES: Statement = {
  name: 'facts_watches',
  text: `SELECT w.lane, w.journey_id, w.contact_id, w.node, w.key, ${epochMs('w.due_at')} AS due_at
    FROM ${PLACES.source},
    LATERAL (SELECT * FROM watch WHERE watch.lane = r.lane AND watch.journey_id = r.journeyId AND watch.contact_id = r.contactId OFFSET 0) AS w`,
}

export async function loadWatches(
  client: Client,
  keys: readonly { lane: number; journeyId: string; contactId: string }[],
): Promise<{ journey_id: string; contact_id: string; node: string; key: string; due_at: number }[]> {
  return runFor(client, WATCHES, PLACES, keys)
}

/** One more than a condition may count to, so no more of one name is ever read. */
export const MOST_HISTORY = 501

const PASTS = record('lane smallint, contactId uuid, name text, since float8, owner uuid')
const HISTORY: Statement = {
  name: 'facts_history',
  text: `SELECT r.owner AS contact_id, h.id, h.name, h.properties, ${epochMs('h.occurred_at')} AS occurred_at, ${epochMs('h.received_at')} AS received_at
    FROM ${PASTS.source},
    LATERAL (SELECT * FROM event WHERE event.lane = r.lane AND event.contact_id = r.contactId AND event.name = r.name
      AND event.occurred_at >= to_timestamp(r.since / 1000) ORDER BY event.occurred_at DESC LIMIT ${MOST_HISTORY}) AS h
    ORDER BY h.occurred_at`,
}

export interface HistoryRow {
  /** Whose decision it is for: a merged contact's history serves its whole group. */
  contact_id: string
  id: string
  name: string
  properties: Record<string, unknown>
  occurred_at: number
  received_at: number
}

export async function loadHistory(
  client: Client,
  asks: readonly { lane: number; contactId: string; name: string; since: number; owner: string }[],
): Promise<HistoryRow[]> {
  return runFor<HistoryRow>(client, HISTORY, PASTS, asks)
}

const DEDUPE: Statement = {
  name: 'facts_dedupe',
  text: `SELECT r.id AS contact_id, m.dedupe_key AS key, ${epochMs('m.planned_at')} AS at FROM ${KEYS.source},
    LATERAL (SELECT dedupe_key, planned_at FROM message WHERE message.lane = r.lane AND message.contact_id = r.id AND dedupe_key IS NOT NULL
      AND status NOT IN ('SUPPRESSED', 'CANCELLED') ORDER BY planned_at DESC LIMIT 200) AS m`,
}

export async function loadDedupe(client: Client, contacts: readonly Key[]): Promise<{ contact_id: string; key: string; at: number }[]> {
  return runFor(client, DEDUPE, KEYS, contacts)
}

const OTHER_HALVES: Statement = {
  name: 'facts_await_other_halves',
  text: `SELECT count(*)::int AS n FROM (SELECT pg_advisory_xact_lock(hashtextextended(id::text, 0)) FROM (SELECT id FROM unnest($1::uuid[]) AS k (id) ORDER BY id) AS g) AS held`,
}

/**
 * Halves of merged contacts are in lanes of their own, so that two ticks may come to say the same at once: the second waits for the
 * first's end. A lock that nothing else asks for, taken in order after whatever else a tick locks before it writes, so that nobody waits in a circle.
 */
export async function awaitOtherHalves(client: Client, known: readonly string[]): Promise<void> {
  if (known.length > 0) await run(client, OTHER_HALVES, [known])
}

const ADDRESSES = record('place int, lane smallint, contactId uuid, channel text, blind text')
const IDENTITIES: Statement = {
  name: 'facts_identities',
  text: `SELECT r.place, i.id FROM ${ADDRESSES.source},
    LATERAL (SELECT id FROM channel_identity WHERE channel_identity.lane = r.lane AND channel_identity.contact_id = r.contactId AND channel_identity.channel = r.channel
      AND channel_identity.blind_index = r.blind LIMIT 1) AS i`,
}

/** Identities by the blind index of their address; `place` is the ask's. */
export async function findIdentities(
  client: Client,
  asks: readonly { lane: number; contactId: string; channel: string; blind: string }[],
): Promise<{ place: number; id: string }[]> {
  return runFor(
    client,
    IDENTITIES,
    ADDRESSES,
    asks.map((ask, place) => ({ ...ask, place })),
  )
}
