import type { Client } from '../ask.ts'
import { epochMs, run, type Statement } from '../sql.ts'
import type { Key } from './facts.ts'

export interface MessageRow {
  lane: number
  id: string
  workspace_id: string
  contact_id: string
  enrollment_id: string | null
  journey_id: string | null
  version_id: string | null
  node: string | null
  channel: string
  identity_id: string | null
  status: string
  attempt: number
  due_at: number | null
  planned_at: number
  provider_message_id: string | null
  failure_code: string | null
  failure_class: string | null
  failure_message: string | null
  sent_at: number | null
  delivered_at: number | null
  opened_at: number | null
  clicked_at: number | null
  replied_at: number | null
  machine_opened_at: number | null
  machine_clicked_at: number | null
  cost: number | null
  when_unknown: string
}

const ms = (column: string) => `${epochMs(`m.${column}`)} AS ${column}`
const COLUMNS = `m.lane, m.id, m.workspace_id, m.contact_id, m.enrollment_id, m.journey_id, m.version_id, m.node, m.channel, m.identity_id, m.status, m.attempt,
  ${ms('due_at')}, ${ms('planned_at')}, m.provider_message_id, m.failure_code, m.failure_class, m.failure_message, ${ms('sent_at')}, ${ms('delivered_at')}, ${ms('opened_at')},
  ${ms('clicked_at')}, ${ms('replied_at')}, ${ms('machine_opened_at')}, ${ms('machine_clicked_at')}, m.cost::float8 AS cost,
  (SELECT v.when_unknown FROM template t JOIN template_version v ON v.template_id = t.id AND v.number = t.version WHERE t.id = m.template_id) AS when_unknown`

/**
 * Message rows a tick will merge statuses into, locked: a dispatcher may be marking them at this moment.
 * The array is sorted by the caller, so the locks are taken in key order.
 */
const LOAD: Statement = {
  name: 'messages_load',
  text: `SELECT ${COLUMNS} FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id),
    LATERAL (SELECT * FROM message WHERE message.lane = k.lane AND message.id = k.id LIMIT 1 FOR UPDATE) AS m`,
}

export async function loadMessages(client: Client, keys: readonly Key[]): Promise<MessageRow[]> {
  const sorted = [...keys].sort((a, b) => a.lane - b.lane || (a.id < b.id ? -1 : 1))
  return run<MessageRow>(client, LOAD, [sorted.map((key) => key.lane), sorted.map((key) => key.id)])
}

/** The message a reply most likely answers: the last one handed over to the contact on the channel that was no automatic answer itself. */
const LAST: Statement = {
  name: 'messages_last_sent',
  text: `SELECT m.id, k.contact_id, k.channel, ${epochMs('m.planned_at')} AS at FROM unnest($1::smallint[], $2::uuid[], $3::text[]) AS k (lane, contact_id, channel),
    LATERAL (SELECT id, planned_at FROM message WHERE message.lane = k.lane AND message.contact_id = k.contact_id AND message.channel = k.channel
      AND status IN ('SENT', 'DELIVERED', 'UNKNOWN', 'DISPATCHING') AND coalesce(dedupe_key, '') NOT LIKE 'keyword-rule/%' ORDER BY planned_at DESC, id DESC LIMIT 1) AS m`,
}

export async function findLastSent(
  client: Client,
  asks: readonly { lane: number; contactId: string; channel: string }[],
): Promise<{ id: string; contact_id: string; channel: string; at: number }[]> {
  return run(client, LAST, [asks.map((ask) => ask.lane), asks.map((ask) => ask.contactId), asks.map((ask) => ask.channel)])
}
