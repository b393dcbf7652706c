import { type Client, run, type Statement } from '../sql.ts'

export interface InboxRow {
  lane: number
  workspaceId: string
  kind: string
  contactId: string | null
  reference: string | null
  data: unknown
}

/** Workers listen here; the payload is the lanes that have work, `3,17,40`. Delivered by PostgreSQL at commit, and never after a rollback. */
export const WAKE_CHANNEL = 'throughline_wake'

/**
 * One statement whatever the number of rows, the wake-up included. Arrays instead of json_to_recordset: the
 * planner's guess does not matter for an insert, and the server parses them with less CPU.
 */
const INSERT: Statement = {
  name: 'inbox_insert',
  text: `WITH inserted AS (
      INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data)
      SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::jsonb[])
    ) SELECT pg_notify('${WAKE_CHANNEL}', $7)`,
}

export async function insertInbox(client: Client, rows: readonly InboxRow[]): Promise<void> {
  await run(client, INSERT, [
    rows.map((row) => row.lane),
    rows.map((row) => row.workspaceId),
    rows.map((row) => row.kind),
    rows.map((row) => row.contactId),
    rows.map((row) => row.reference),
    rows.map((row) => JSON.stringify(row.data)),
    [...new Set(rows.map((row) => row.lane))].join(','),
  ])
}
