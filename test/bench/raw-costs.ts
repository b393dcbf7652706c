import type { TestDatabase } from '../support/database.ts'
import { median } from './figure.ts'

/** The tables a loop writes to, and the columns that its updates change. Counters and jobs are left out: they are few per batch. */
const TABLES = [
  { table: 'inbox_guard', updates: null },
  { table: 'inbox', updates: null },
  { table: 'event', updates: null },
  { table: 'enrollment', updates: 'status, node, due_at, state, ended_at' },
  { table: 'entry_slot', updates: 'enrollment_id, last_entered_at, last_event_id' },
  { table: 'message', updates: 'status, due_at, provider_message_id, dispatching_at, sent_at, delivered_at, attempt' },
  { table: 'message_status', updates: null },
  { table: 'journal', updates: null },
] as const

const ROWS = 1_000

/**
 * What PostgreSQL alone needs for a loop's writes: the very rows the ring wrote, a thousand a statement, into
 * copies of its tables with the same indexes. Milliseconds a row, for each kind of write in a fixed order.
 */
export async function openRawCosts({ owner }: TestDatabase) {
  const samples = new Map<string, string>()
  await owner.query('CREATE SCHEMA raw')
  for (const { table } of TABLES) await owner.query(`CREATE TABLE raw.${table} (LIKE public.${table} INCLUDING ALL)`)
  const inboxSample = async () => {
    const { rows } = await owner.query<{ rows: object[] }>(
      `SELECT jsonb_agg(to_jsonb(e)) AS rows FROM (SELECT lane, workspace_id, contact_id, properties, message_id FROM event LIMIT ${ROWS}) AS e`,
    )
    return (rows[0]?.rows ?? []).map((row, n) => ({
      ...row,
      seq: n + 1,
      kind: 'event',
      reference: `external:person-${n}`,
      received_at: new Date().toISOString(),
      data: { ...row, name: 'cart.updated', occurredAt: null },
    }))
  }
  const timed = async (sql: string, values: unknown[] = []) => {
    const started = performance.now()
    await owner.query(sql, values)
    return performance.now() - started
  }
  return {
    /** Takes the rows to measure with from what the ring has written so far. */
    async learn(): Promise<void> {
      for (const { table } of TABLES) {
        const rows =
          table === 'inbox'
            ? await inboxSample()
            : (await owner.query<{ row: Record<string, unknown> }>(`SELECT to_jsonb(t) AS row FROM public.${table} t LIMIT ${ROWS}`)).rows.map(
                (each) => each.row,
              )
        samples.set(table, JSON.stringify(fill(rows)))
      }
    },
    async measure(): Promise<number[]> {
      const costs: number[] = []
      for (const { table, updates } of TABLES) {
        const rows = samples.get(table)
        await owner.query(`TRUNCATE raw.${table}`)
        await owner.query('CHECKPOINT')
        const source = `jsonb_populate_recordset(null::public.${table}, $1::jsonb)`
        const [inserted, changed, deleted] = [[] as number[], [] as number[], [] as number[]]
        for (let n = 0; n < 3; n++) {
          await owner.query(`TRUNCATE raw.${table}`)
          inserted.push(await timed(`INSERT INTO raw.${table} ${table === 'inbox' ? 'OVERRIDING SYSTEM VALUE ' : ''}SELECT * FROM ${source}`, [rows]))
          if (updates !== null) {
            await owner.query(`ANALYZE raw.${table}`)
            const key = table === 'entry_slot' ? 't.journey_id = r.journey_id AND t.contact_id = r.contact_id AND t.key = r.key' : 't.id = r.id'
            changed.push(
              await timed(
                `UPDATE raw.${table} t SET (${updates}) = ROW (${updates
                  .split(', ')
                  .map((column) => `r.${column}`)
                  .join(', ')}) FROM ${source} r WHERE t.lane = r.lane AND ${key}`,
                [rows],
              ),
            )
          }
          if (table === 'inbox')
            deleted.push(await timed('DELETE FROM raw.inbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM raw.inbox ORDER BY lane, seq LIMIT 1000))'))
        }
        costs.push(median(inserted) / ROWS, changed.length > 0 ? median(changed) / ROWS : 0, deleted.length > 0 ? median(deleted) / ROWS : 0)
      }
      return costs
    },
    /** How many rows of each kind one loop wrote, as PostgreSQL counted them. */
    async writesPerLoop(loops: number): Promise<number[]> {
      // Sessions tell what they counted a second after they have gone quiet.
      await new Promise((next) => setTimeout(next, 1_500))
      const writes: number[] = []
      for (const { table } of TABLES) {
        const {
          rows: [row],
        } = await owner.query<{ ins: number; upd: number; del: number }>(
          `SELECT sum(n_tup_ins)::int AS ins, sum(n_tup_upd)::int AS upd, sum(n_tup_del)::int AS del FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname ~ ('^' || $1 || '(_[0-9]{6}|_rest)?$')`,
          [table],
        )
        writes.push((row?.ins ?? 0) / loops, (row?.upd ?? 0) / loops, (row?.del ?? 0) / loops)
      }
      return writes
    },
  }
}

/** Repeats rows under other ids until there are a thousand. */
function fill(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return Array.from({ length: ROWS }, (_, n) => {
    const row = rows[n % rows.length] ?? {}
    // All of them or none: an id of the ring's own could end like one that is made here.
    if (rows.length >= ROWS) return row
    const other = (id: unknown) => (typeof id === 'string' ? id.slice(0, -5) + n.toString(16).padStart(5, '0') : id)
    return {
      ...row,
      ...('id' in row ? { id: other(row.id) } : {}),
      ...('digest' in row ? { digest: other(row.digest) } : {}),
      ...('seq' in row && !('id' in row) ? { seq: n + 1 } : {}),
      contact_id: other(row.contact_id),
    }
  })
}
