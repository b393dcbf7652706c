import type pg from 'pg'
import { record } from '../record.ts'
import { runInWorkspace, type Statement } from '../sql.ts'

export interface IngestRow {
  lane: number
  digest: string
  contactId: string | null
  reference: string | null
  data: unknown
}

/** A row with the place of the call that brought it, and its own among all of the statement. */
export interface Taken extends IngestRow {
  call: number
  n: number
}

const COLUMNS = record('lane smallint, digest uuid, contactId uuid, reference text, data jsontext, n int, call int')

/**
 * The hot door: guard and inbox in one statement; the wake-up comes after its commit. What the guard has seen does not reach the inbox;
 * repetitions within one statement are taken out by the caller. Sorted, so that two statements with the same events
 * wait for each other instead of deadlocking.
 */
const INGEST: Statement = {
  name: 'ingest',
  text: `WITH given AS (
      SELECT * FROM ${COLUMNS.source}
    ), guarded AS (
      INSERT INTO inbox_guard (lane, digest, workspace_id) SELECT lane, digest, $8::uuid FROM given ORDER BY lane, digest
      ON CONFLICT (lane, digest) DO NOTHING RETURNING lane, digest
    ), fresh AS (
      SELECT given.* FROM given JOIN guarded USING (lane, digest)
    ), taken AS (
      INSERT INTO inbox (lane, workspace_id, kind, contact_id, reference, data)
      SELECT lane, $8::uuid, 'event', contactId, reference, data FROM fresh ORDER BY n
    )
    SELECT call, count(*)::int AS accepted FROM fresh GROUP BY call`,
}

/** Returns how many were new of each call, and nothing of a call that had none; they are committed. */
export async function ingest(client: pg.PoolClient, workspaceId: string, rows: readonly Taken[]): Promise<ReadonlyMap<number, number>> {
  const values = COLUMNS.encode(rows)
  const accepted = await runInWorkspace<{ call: number; accepted: number }>(client, workspaceId, INGEST, [...values, workspaceId])
  return new Map(accepted.map((row) => [row.call, row.accepted]))
}
