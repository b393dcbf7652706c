import type pg from 'pg'
import { record } from '../record.ts'
import { runInWorkspace, type Statement } from '../sql.ts'
import { WAKE_CHANNEL } from './inbox.ts'

export interface IngestRow {
  lane: number
  digest: string
  contactId: string | null
  reference: string | null
  data: unknown
}

const COLUMNS = record('lane smallint, digest uuid, contactId uuid, reference text, data jsonb, n int')

/**
 * The hot door: guard, inbox and wake-up in one statement. What the guard has seen does not reach the inbox;
 * repetitions within one call are taken out by the caller. Sorted, so that two calls with the same events wait
 * for each other instead of deadlocking.
 */
const INGEST: Statement = {
  name: 'ingest',
  text: `WITH given AS (
      SELECT * FROM ${COLUMNS.source}
    ), fresh AS (
      INSERT INTO inbox_guard (lane, digest, workspace_id) SELECT lane, digest, $7::uuid FROM given ORDER BY lane, digest
      ON CONFLICT (lane, digest) DO NOTHING RETURNING lane, digest
    ), taken AS (
      INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data)
      SELECT g.lane, $7::uuid, 'event', g.contactId, g.reference, g.data FROM given g JOIN fresh f USING (lane, digest) ORDER BY g.n RETURNING lane
    ), lanes AS (SELECT DISTINCT lane FROM taken)
    SELECT (SELECT count(*)::int FROM taken) AS accepted, (SELECT pg_notify('${WAKE_CHANNEL}', string_agg(lane::text, ',')) FROM lanes HAVING count(*) > 0)`,
}

/** Returns how many were new; they are committed. */
export async function ingest(pool: pg.Pool, workspaceId: string, rows: readonly IngestRow[]): Promise<number> {
  const [row] = await runInWorkspace<{ accepted: number }>(pool, workspaceId, INGEST, [
    ...COLUMNS.encode(rows.map((each, n) => ({ ...each, n }))),
    workspaceId,
  ])
  return row?.accepted ?? 0
}
