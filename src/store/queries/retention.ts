import type pg from 'pg'
import type { Client } from '../ask.ts'
import { inTransaction, run, type Statement } from '../sql.ts'

/**
 * How many days rows are kept after the instant in the column named; docs/retention.md says the same, and why. Each has a BRIN index
 * over it: rows go in the order in which they came. A column may be an expression, as its index has it.
 */
export const RETENTION = {
  inbox_guard: { since: 'received_at', days: 7 },
  unmatched_callback: { since: 'received_at', days: 7 },
  idempotency: { since: 'created_at', days: 30 },
  in_app_message: { since: 'least(expires_at, dismissed_at)', days: 30 },
  webhook_call: { since: 'finished_at', days: 30 },
  webhook_delivery: { since: 'created_at', days: 30 },
  whatsapp_window: { since: 'open_until', days: 7 },
  short_link: { since: 'created_at', days: 400 },
} as const satisfies Record<string, { since: string; days: number }>
export type Kept = keyof typeof RETENTION

/**
 * By place, so that no key has to be looked up; a row that is written again meanwhile has another place, and stays. The worker's own
 * settings leave no bitmap scans, and a BRIN index is read by no other.
 */
const BITMAPS: Statement = { name: 'retention_bitmaps', text: `SELECT set_config('enable_bitmapscan', 'on', true)` }

function statementFor(table: Kept): Statement {
  const { since, days } = RETENTION[table]
  return {
    name: `retention_${table}`,
    text: `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${since} < now() - interval '${days} days' LIMIT $1)) RETURNING 1)
      SELECT count(*)::int AS n FROM gone`,
  }
}

/** Removes one batch of what a table has kept long enough; answers how many rows went, `limit` at most. */
export async function sweep(pool: pg.Pool, table: Kept, limit: number): Promise<number> {
  return inTransaction(pool, async (client: Client) => {
    await run(client, BITMAPS, [])
    return (await run<{ n: number }>(client, statementFor(table), [limit]))[0]?.n ?? 0
  })
}
