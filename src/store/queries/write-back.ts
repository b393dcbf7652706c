import type { Client } from '../ask.ts'
import { type RowRecord, record } from '../record.ts'
import { runFor, type Statement } from '../sql.ts'

/**
 * What a tick writes. Each function is one statement however many rows it is given, so that a tick is a fixed
 * number of them. Instants are Unix milliseconds.
 */
async function write(client: Client, statement: Statement, columns: RowRecord, rows: readonly object[]): Promise<void> {
  await runFor(client, statement, columns, rows)
}

const at = (column: string) => `to_timestamp(r.${column} / 1000)`

export interface EventInsert {
  lane: number
  id: string
  workspace: string
  contact: string
  message_id: string | null
  name: string
  properties: unknown
  occurred: number
  received: number
}
const EVENTS_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, contact uuid, message_id text, name text, properties jsonb, occurred float8, received float8',
)
const EVENTS: Statement = {
  name: 'write_events',
  text: `INSERT INTO event (lane, id, workspace_id, contact_id, message_id, name, properties, occurred_at, received_at)
    SELECT r.lane, r.id, r.workspace, r.contact, r.message_id, r.name, r.properties, ${at('occurred')}, ${at('received')}
    FROM ${EVENTS_COLUMNS.source}`,
}
export const writeEvents = (client: Client, rows: readonly EventInsert[]) => write(client, EVENTS, EVENTS_COLUMNS, rows)

export interface EnrollmentWrite {
  lane: number
  id: string
  workspace: string
  journey: string
  version: string
  contact: string
  key: string
  status: string
  node: string | null
  due: number | null
  frozen: number | null
  state: unknown
  entered: number
  ended: number | null
  reason: string | null
}
const NEW_ENROLLMENTS_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, journey uuid, version uuid, contact uuid, key text, status text, node text, due float8, frozen float8, state jsontext, entered float8, ended float8, reason text',
)
const NEW_ENROLLMENTS: Statement = {
  name: 'write_new_enrollments',
  text: `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, key, status, node, due_at, frozen_due_at, state, entered_at, ended_at, end_reason)
    SELECT r.lane, r.id, r.workspace, r.journey, r.version, r.contact, r.key, r.status, r.node, ${at('due')}, ${at('frozen')}, r.state, ${at('entered')}, ${at('ended')}, r.reason
    FROM ${NEW_ENROLLMENTS_COLUMNS.source}`,
}
export const writeNewEnrollments = (client: Client, rows: readonly EnrollmentWrite[]) => write(client, NEW_ENROLLMENTS, NEW_ENROLLMENTS_COLUMNS, rows)

const ENROLLMENTS_COLUMNS = record(
  'lane smallint, id uuid, status text, node text, due float8, frozen float8, state jsontext, ended float8, reason text',
)
const ENROLLMENTS: Statement = {
  name: 'write_enrollments',
  text: `UPDATE enrollment AS e SET status = r.status, node = r.node, due_at = ${at('due')}, frozen_due_at = ${at('frozen')}, state = r.state,
      ended_at = ${at('ended')}, end_reason = r.reason
    FROM ${ENROLLMENTS_COLUMNS.source} WHERE e.lane = r.lane AND e.id = r.id`,
}
export const writeEnrollments = (client: Client, rows: readonly EnrollmentWrite[]) => write(client, ENROLLMENTS, ENROLLMENTS_COLUMNS, rows)

export interface MessageInsert {
  lane: number
  id: string
  workspace: string
  contact: string
  enrollment: string | null
  journey: string | null
  version: string | null
  node: string | null
  visit: number
  channel: string
  purpose: string
  topic: string | null
  template: string
  identity: string | null
  status: string
  due: number | null
  dedupe: string | null
  failure: string | null
  variables: unknown
  planned: number
  /** Milliseconds. */
  useful_for?: number | null
  broadcast?: string | null
}
const MESSAGES_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, contact uuid, enrollment uuid, journey uuid, version uuid, node text, visit int, channel text, purpose text, topic uuid, template uuid, identity uuid, status text, due float8, dedupe text, failure text, variables json, planned float8, useful_for float8, broadcast uuid',
)
const MESSAGES: Statement = {
  name: 'write_new_messages',
  text: `INSERT INTO message (lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, channel, purpose, topic_id, template_id, identity_id, status, due_at,
      dedupe_key, failure_code, variables, planned_at, useful_for, broadcast_id)
    SELECT r.lane, r.id, r.workspace, r.contact, r.enrollment, r.journey, r.version, r.node, r.visit, r.channel, r.purpose, r.topic, r.template, r.identity, r.status, ${at('due')},
      r.dedupe, r.failure, r.variables, ${at('planned')}, r.useful_for, r.broadcast
    FROM ${MESSAGES_COLUMNS.source}
    ON CONFLICT (lane, id) DO NOTHING`,
}
export const writeNewMessages = (client: Client, rows: readonly MessageInsert[]) => write(client, MESSAGES, MESSAGES_COLUMNS, rows)

export interface MessageUpdate {
  lane: number
  id: string
  status: string
  due: number | null
  provider_message: string | null
  failure_code: string | null
  failure_class: string | null
  failure_message: string | null
  sent: number | null
  delivered: number | null
  opened: number | null
  clicked: number | null
  replied: number | null
  machine_opened: number | null
  machine_clicked: number | null
  cost: number | null
}
const MESSAGE_UPDATES_COLUMNS = record(
  'lane smallint, id uuid, status text, due float8, provider_message text, failure_code text, failure_class text, failure_message text, sent float8, delivered float8, opened float8, clicked float8, replied float8, machine_opened float8, machine_clicked float8, cost numeric',
)
/** In key order, as every writer of message rows: two that lock the same rows then never wait for each other in a ring. */
const MESSAGE_UPDATES: Statement = {
  name: 'write_messages',
  text: `UPDATE message AS m SET status = r.status, due_at = ${at('due')}, provider_message_id = r.provider_message, failure_code = r.failure_code, failure_class = r.failure_class,
      failure_message = r.failure_message, sent_at = ${at('sent')}, delivered_at = ${at('delivered')}, opened_at = ${at('opened')}, clicked_at = ${at('clicked')}, replied_at = ${at('replied')},
      machine_opened_at = ${at('machine_opened')}, machine_clicked_at = ${at('machine_clicked')}, cost = r.cost
    FROM ${MESSAGE_UPDATES_COLUMNS.source}
    WHERE m.lane = r.lane AND m.id = r.id`,
}
export const writeMessages = (client: Client, rows: readonly MessageUpdate[]) => write(client, MESSAGE_UPDATES, MESSAGE_UPDATES_COLUMNS, rows)

export interface StatusInsert {
  lane: number
  id: string
  message: string
  workspace: string
  contact: string
  status: string
  human: boolean | null
  detail: unknown
  at: number
  received: number
}
const STATUSES_COLUMNS = record(
  'lane smallint, id uuid, message uuid, workspace uuid, contact uuid, status text, human boolean, detail jsonb, at float8, received float8',
)
const STATUSES: Statement = {
  name: 'write_message_statuses',
  text: `INSERT INTO message_status (lane, id, message_id, workspace_id, contact_id, status, human, detail, at, received_at)
    SELECT r.lane, r.id, r.message, r.workspace, r.contact, r.status, r.human, r.detail, ${at('at')}, ${at('received')}
    FROM ${STATUSES_COLUMNS.source}`,
}
export const writeStatuses = (client: Client, rows: readonly StatusInsert[]) => write(client, STATUSES, STATUSES_COLUMNS, rows)

export interface JournalInsert {
  lane: number
  at: number
  id: string
  workspace: string
  contact: string
  journey: string
  enrollment: string | null
  seq: number
  input: unknown
  decisions: unknown
}
const JOURNAL_COLUMNS = record(
  'lane smallint, at float8, id uuid, workspace uuid, contact uuid, journey uuid, enrollment uuid, seq int, input jsontext, decisions jsontext',
)
/** One row per input folded, not one per decision: visits and the trace are read out of `decisions`, and replay out of `input`. */
const JOURNAL: Statement = {
  name: 'write_journal',
  text: `INSERT INTO journal (lane, at, id, workspace_id, contact_id, journey_id, enrollment_id, seq, input, decisions)
    SELECT r.lane, ${at('at')}, r.id, r.workspace, r.contact, r.journey, r.enrollment, r.seq, r.input, r.decisions
    FROM ${JOURNAL_COLUMNS.source}`,
}
export const writeJournal = (client: Client, rows: readonly JournalInsert[]) => write(client, JOURNAL, JOURNAL_COLUMNS, rows)

export interface ConversionInsert {
  lane: number
  id: string
  workspace: string
  contact: string
  journey: string
  version: string
  enrollment: string
  goal: string
  value: number | null
  event: string
  at: number
  recorded: number
}
const CONVERSIONS_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, contact uuid, journey uuid, version uuid, enrollment uuid, goal text, value numeric, event uuid, at float8, recorded float8',
)
const CONVERSIONS: Statement = {
  name: 'write_conversions',
  text: `INSERT INTO conversion (lane, id, workspace_id, contact_id, journey_id, version_id, enrollment_id, goal, value, event_id, at, recorded_at)
    SELECT r.lane, r.id, r.workspace, r.contact, r.journey, r.version, r.enrollment, r.goal, r.value, r.event, ${at('at')}, ${at('recorded')}
    FROM ${CONVERSIONS_COLUMNS.source}
    ON CONFLICT (lane, id) DO NOTHING`,
}
export const writeConversions = (client: Client, rows: readonly ConversionInsert[]) => write(client, CONVERSIONS, CONVERSIONS_COLUMNS, rows)

export interface SlotWrite {
  lane: number
  journey: string
  contact: string
  key: string
  workspace: string
  enrollment: string | null
  entered: number | null
  event: string | null
}
const SLOTS_COLUMNS = record('lane smallint, journey uuid, contact uuid, key text, workspace uuid, enrollment uuid, entered float8, event uuid')
const SLOTS: Statement = {
  name: 'write_entry_slots',
  text: `INSERT INTO entry_slot (lane, journey_id, contact_id, key, workspace_id, enrollment_id, last_entered_at, last_event_id)
    SELECT r.lane, r.journey, r.contact, r.key, r.workspace, r.enrollment, ${at('entered')}, r.event
    FROM ${SLOTS_COLUMNS.source}
    ON CONFLICT (lane, journey_id, contact_id, key) DO UPDATE
    SET enrollment_id = excluded.enrollment_id, last_entered_at = excluded.last_entered_at, last_event_id = excluded.last_event_id`,
}
export const writeSlots = (client: Client, rows: readonly SlotWrite[]) => write(client, SLOTS, SLOTS_COLUMNS, rows)

export interface WatchWrite {
  lane: number
  journey: string
  contact: string
  node: string
  key: string
  workspace: string
  due: number | null
  frozen: boolean
  event: unknown
}
const WATCHES_COLUMNS = record(
  'lane smallint, journey uuid, contact uuid, node text, key text, workspace uuid, due float8, frozen boolean, event jsonb',
)
/** `due` null takes the watch away. One statement for both, so that a batch stays a fixed number of them. */
const WATCHES: Statement = {
  name: 'write_watches',
  text: `WITH r AS (SELECT * FROM ${WATCHES_COLUMNS.source}),
    gone AS (DELETE FROM watch w USING r WHERE r.due IS NULL AND w.lane = r.lane AND w.journey_id = r.journey AND w.contact_id = r.contact AND w.node = r.node AND w.key = r.key)
    INSERT INTO watch (lane, journey_id, contact_id, node, key, workspace_id, due_at, frozen, event)
    SELECT r.lane, r.journey, r.contact, r.node, r.key, r.workspace, ${at('due')}, r.frozen, r.event FROM r WHERE r.due IS NOT NULL
    ON CONFLICT (lane, journey_id, contact_id, node, key) DO UPDATE SET due_at = excluded.due_at, frozen = excluded.frozen, event = excluded.event`,
}
export const writeWatches = (client: Client, rows: readonly WatchWrite[]) => write(client, WATCHES, WATCHES_COLUMNS, rows)

export interface ContactUpdate {
  lane: number
  id: string
  set: unknown
  unset: readonly string[]
  add: readonly string[]
  remove: readonly string[]
}
const CONTACTS_COLUMNS = record('lane smallint, id uuid, set jsonb, unset jsonb, add jsonb, remove jsonb')
const CONTACTS: Statement = {
  name: 'write_contacts',
  text: `UPDATE contact AS c SET attributes = (c.attributes || r.set) - ARRAY(SELECT jsonb_array_elements_text(r.unset)), updated_at = now(),
      tags = ARRAY(SELECT DISTINCT t FROM unnest(c.tags || ARRAY(SELECT jsonb_array_elements_text(r.add))) AS t WHERE NOT r.remove ? t ORDER BY t)
    FROM ${CONTACTS_COLUMNS.source} WHERE c.lane = r.lane AND c.id = r.id`,
}
export const writeContacts = (client: Client, rows: readonly ContactUpdate[]) => write(client, CONTACTS, CONTACTS_COLUMNS, rows)

export interface CountWrite {
  lane: number
  version: string
  node: string
  metric: string
  hour: number
  workspace: string
  journey: string
  n: number
  amount: number
}
const COUNTS_COLUMNS = record(
  'lane smallint, version uuid, node text, metric text, hour float8, workspace uuid, journey uuid, n bigint, amount numeric',
)
const COUNTS: Statement = {
  name: 'write_node_stats',
  text: `INSERT INTO node_stats AS s (lane, version_id, node, metric, hour, workspace_id, journey_id, n, amount)
    SELECT r.lane, r.version, r.node, r.metric, ${at('hour')}, r.workspace, r.journey, r.n, r.amount
    FROM ${COUNTS_COLUMNS.source}
    ON CONFLICT (lane, version_id, node, metric, hour) DO UPDATE SET n = s.n + excluded.n, amount = s.amount + excluded.amount`,
}
export const writeCounts = (client: Client, rows: readonly CountWrite[]) => write(client, COUNTS, COUNTS_COLUMNS, rows)

export interface ConsentWrite {
  lane: number
  id: string
  workspace: string
  contact: string
  channel: string
  state: string
  source: string
  purpose: string
  at: number
}
const CONSENTS_COLUMNS = record(
  'lane smallint, id uuid, workspace uuid, contact uuid, channel text, state text, source text, purpose text, at float8',
)
/**
 * The contact's row is updated first: dispatch holds it FOR SHARE, so a withdrawal waits for what is leaving and stops all else.
 * A grant that is older than what stands (a provider told of it late) changes nothing.
 */
const CONSENTS: Statement = {
  name: 'write_consents',
  text: `WITH r AS (SELECT * FROM ${CONSENTS_COLUMNS.source}),
    locked AS (UPDATE contact c SET consent_revision = consent_revision + 1 FROM r WHERE c.lane = r.lane AND c.id = r.contact),
    ledger AS (INSERT INTO consent_change (lane, id, workspace_id, contact_id, channel, state, source, purpose, at)
      SELECT r.lane, r.id, r.workspace, r.contact, r.channel, r.state, r.source, r.purpose, ${at('at')} FROM r)
    INSERT INTO consent (lane, contact_id, channel, workspace_id, state, source, purpose, at)
    SELECT DISTINCT ON (r.lane, r.contact, r.channel) r.lane, r.contact, r.channel, r.workspace, r.state, r.source, r.purpose, ${at('at')} FROM r ORDER BY r.lane, r.contact, r.channel, r.state = 'SUPPRESSED' DESC, r.at DESC, r.id DESC
    ON CONFLICT (lane, contact_id, channel, topic_id) DO UPDATE SET state = excluded.state, source = excluded.source, purpose = excluded.purpose, at = excluded.at
      WHERE excluded.state = 'SUPPRESSED' OR consent.state <> 'SUPPRESSED' AND (excluded.state <> 'GRANTED' OR consent.at <= excluded.at)`,
}
export const writeConsents = (client: Client, rows: readonly ConsentWrite[]) => write(client, CONSENTS, CONSENTS_COLUMNS, rows)

const IDENTITIES_COLUMNS = record('lane smallint, id uuid, status text')
const IDENTITIES: Statement = {
  name: 'write_identities',
  text: `UPDATE channel_identity AS i SET status = r.status FROM ${IDENTITIES_COLUMNS.source} WHERE i.lane = r.lane AND i.id = r.id`,
}
export const writeIdentities = (client: Client, rows: readonly { lane: number; id: string; status: string }[]) =>
  write(client, IDENTITIES, IDENTITIES_COLUMNS, rows)

export interface Withdrawal {
  lane: number
  contact: string
  enrollment: string
  /** When it was entered: nothing of it was planned before. */
  since: number
  reason: string
  /** null: whatever its node. */
  node: string | null
}
const WITHDRAW_COLUMNS = record('lane smallint, contact uuid, enrollment uuid, since float8, reason text, node text')
/**
 * Cancels what an ended enrollment had planned and nobody has dispatched yet. What was to be sent again for a doubt may have arrived: it stays in doubt.
 * Found among what its contact was sent since it was entered: an index of their own, and one of the journal's, cost a step 4 %.
 */
const WITHDRAW: Statement = {
  name: 'write_withdrawals',
  text: `UPDATE message AS m SET status = CASE m.failure_class WHEN 'AMBIGUOUS' THEN 'UNKNOWN' ELSE 'CANCELLED' END, due_at = NULL, failure_code = r.reason FROM ${WITHDRAW_COLUMNS.source}
    WHERE m.lane = r.lane AND m.contact_id = r.contact AND m.planned_at >= ${at('since')} AND m.enrollment_id = r.enrollment AND (r.node IS NULL OR m.node = r.node) AND m.status IN ('PLANNED', 'DEFERRED')`,
}
export const withdrawMessages = (client: Client, rows: readonly Withdrawal[]) => write(client, WITHDRAW, WITHDRAW_COLUMNS, rows)
