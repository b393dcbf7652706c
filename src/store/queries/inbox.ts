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

/** Workers listen here; the payload is the lanes that have work, `3,17,40`. Delivered by PostgreSQL at commit, and never after a rollback. */
export const WAKE_CHANNEL = 'throughline_wake'

const COLUMNS = record('lane smallint, workspaceId uuid, kind text, contactId uuid, reference text, data jsonb')

/** One statement whatever the number of rows, the wake-up included. */
const INSERT: Statement = {
  name: 'inbox_insert',
  text: `WITH inserted AS (
      INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data)
      SELECT * FROM ${COLUMNS.source}
    ) SELECT pg_notify('${WAKE_CHANNEL}', lanes) FROM unnest($7::text[]) AS lanes`,
}

/** PostgreSQL refuses notices of 8,000 bytes; a lane takes five at most. */
const LANES_PER_NOTICE = 1_500

export async function insertInbox(client: Client, rows: readonly InboxRow[]): Promise<void> {
  const lanes = [...new Set(rows.map((row) => row.lane))]
  const notices = Array.from({ length: Math.ceil(lanes.length / LANES_PER_NOTICE) }, (_, n) =>
    lanes.slice(n * LANES_PER_NOTICE, (n + 1) * LANES_PER_NOTICE).join(','),
  )
  await run(client, INSERT, [...COLUMNS.encode(rows), notices])
}
