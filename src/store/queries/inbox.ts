import type { Client } from '../ask.ts'
import { record } from '../record.ts'
import { run, type Statement } from '../sql.ts'

export interface InboxRow {
  lane: number
  workspaceId: string
  kind: string
  contactId: string | null
  reference: string | null
  data: unknown
}

/** Workers listen here; the payload is the lanes that have work, `3,17,40`. */
export const WAKE_CHANNEL = 'throughline_wake'

const COLUMNS = record('lane smallint, workspaceId uuid, kind text, contactId uuid, reference text, data jsonb')

/**
 * One statement whatever the number of rows, the wake-up included. What comes from anywhere but the API's events goes through jsonb: what
 * PostgreSQL could not keep of it later is refused here. It delivers the wake-up at commit, and never after a rollback.
 */
const INSERT: Statement = {
  name: 'inbox_insert',
  text: `WITH inserted AS (
      INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data)
      SELECT r.lane, r.workspaceId, r.kind, r.contactId, r.reference, r.data::text FROM ${COLUMNS.source}
    ) SELECT pg_notify('${WAKE_CHANNEL}', lanes) FROM unnest($7::text[]) AS lanes`,
}

/** With `wakes` false, whoever is to take them is told otherwise, or finds them when it looks. */
export async function insertInbox(client: Client, rows: readonly InboxRow[], wakes = true): Promise<void> {
  await run(client, INSERT, [...COLUMNS.encode(rows), wakes ? noticesOf(rows) : []])
}

/**
 * A transaction that notifies holds up every other that does until it is on the disk: PostgreSQL lets them commit one at a time. So
 * whoever commits often does it without, and wakes right after, by a transaction that has nothing on it worth waiting for.
 */
const WAKE: Statement = {
  name: 'inbox_wake',
  text: `SELECT set_config('synchronous_commit', 'off', true), pg_notify('${WAKE_CHANNEL}', lanes) FROM unnest($1::text[]) AS lanes`,
}

/** Wakes the workers for what is committed in these lanes; outside of transactions. Where it is lost, they look by themselves in two seconds. */
export async function wakeWorkers(client: Client, rows: readonly { lane: number }[]): Promise<void> {
  await run(client, WAKE, [noticesOf(rows)])
}

/** PostgreSQL refuses notices of 8,000 bytes; a lane takes five at most. */
const LANES_PER_NOTICE = 1_500

function noticesOf(rows: readonly { lane: number }[]): string[] {
  const lanes = [...new Set(rows.map((row) => row.lane))]
  return Array.from({ length: Math.ceil(lanes.length / LANES_PER_NOTICE) }, (_, n) =>
    lanes.slice(n * LANES_PER_NOTICE, (n + 1) * LANES_PER_NOTICE).join(','),
  )
}
