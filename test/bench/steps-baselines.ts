import type pg from 'pg'
import { inTransaction } from '../../src/store/sql.ts'

/** The contents of the rows that one step writes. */
export interface SameRows {
  node: string
  state: unknown
  variables: unknown
  template_id: string
  identity_id: string
  input: unknown
  decisions: unknown
  counters: { node: string; metric: string }[]
}

/**
 * The most PostgreSQL can do: claim, update, and insert in one statement per thousand enrollments that decides
 * nothing and sends nothing over the wire but constants. Steps per second over one connection per set of lanes.
 */
export async function advanceInOneStatement(pool: pg.Pool, halves: readonly (readonly number[])[], same: SameRows): Promise<number> {
  const text = `WITH due AS (
      SELECT lane, id FROM enrollment WHERE lane = ANY ($1::smallint[]) AND due_at <= now() ORDER BY lane, due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), moved AS (
      UPDATE enrollment e SET status = 'ACTIVE', node = $2, due_at = NULL, frozen_due_at = NULL, state = $3, ended_at = NULL, end_reason = NULL
      FROM due WHERE e.lane = due.lane AND e.id = due.id RETURNING e.lane, e.id, e.workspace_id, e.contact_id, e.journey_id, e.version_id
    ), planned AS (
      INSERT INTO message (lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, channel, purpose, template_id, identity_id, status, variables, planned_at)
      SELECT lane, uuidv7(), workspace_id, contact_id, id, journey_id, version_id, $2, 4, 'push', 'TRANSACTIONAL', $4::uuid, $5::uuid, 'PLANNED', $6::json, now() FROM moved
    ), noted AS (
      INSERT INTO journal (lane, at, id, workspace_id, contact_id, journey_id, enrollment_id, seq, input, decisions)
      SELECT lane, now(), uuidv7(), workspace_id, contact_id, journey_id, id, 2, $7::text, $8::text FROM moved
    ), counted AS (
      INSERT INTO node_stats AS s (lane, version_id, node, metric, hour, workspace_id, journey_id, n)
      SELECT lane, version_id, c.node, c.metric, date_trunc('hour', now()), workspace_id, journey_id, count(*)
      FROM moved CROSS JOIN jsonb_to_recordset($9::jsonb) AS c (node text, metric text) GROUP BY lane, version_id, c.node, c.metric, workspace_id, journey_id
      ON CONFLICT (lane, version_id, node, metric, hour) DO UPDATE SET n = s.n + excluded.n
    ) SELECT count(*)::int AS n FROM moved`
  const constants = [
    same.node,
    JSON.stringify(same.state),
    same.template_id,
    same.identity_id,
    JSON.stringify(same.variables),
    JSON.stringify(same.input),
    JSON.stringify(same.decisions),
    JSON.stringify(same.counters),
  ]
  const started = performance.now()
  const done = await Promise.all(
    halves.map(async (lanes) => {
      let steps = 0
      for (let more = true; more; ) {
        const { rows } = await pool.query<{ n: number }>({ name: 'bench_one_statement', text, values: [lanes, ...constants] })
        steps += rows[0]?.n ?? 0
        more = (rows[0]?.n ?? 0) > 0
      }
      return steps
    }),
  )
  return perSecond(done, started)
}

/** What a first version of such an engine does: five statements and a commit for each enrollment, over two connections. */
export async function advanceRowByRow(pool: pg.Pool, halves: readonly (readonly number[])[], same: SameRows, most: number): Promise<number> {
  const { rows: due } = await pool.query<{
    lane: number
    id: string
    contact_id: string
    workspace_id: string
    journey_id: string
    version_id: string
  }>('SELECT lane, id, contact_id, workspace_id, journey_id, version_id FROM enrollment WHERE due_at <= now() ORDER BY id LIMIT $1', [most])
  const started = performance.now()
  const done = await Promise.all(
    halves.map(async (lanes) => {
      const mine = due.filter((row) => lanes.includes(row.lane))
      for (const row of mine) {
        await inTransaction(pool, async (client) => {
          const ask = (name: string, text: string, values: unknown[]) => client.query({ name: `bench_naive_${name}`, text, values })
          await ask('contact', 'SELECT * FROM contact WHERE lane = $1 AND id = $2', [row.lane, row.contact_id])
          await ask('enrollment', `UPDATE enrollment SET node = $3, due_at = NULL, state = $4 WHERE lane = $1 AND id = $2`, [
            row.lane,
            row.id,
            same.node,
            JSON.stringify(same.state),
          ])
          await ask(
            'message',
            `INSERT INTO message (lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, channel, purpose, template_id, identity_id, status, variables, planned_at)
          VALUES ($1, uuidv7(), $2, $3, $4, $5, $6, $7, 4, 'push', 'TRANSACTIONAL', $8, $9, 'PLANNED', $10, now())`,
            [
              row.lane,
              row.workspace_id,
              row.contact_id,
              row.id,
              row.journey_id,
              row.version_id,
              same.node,
              same.template_id,
              same.identity_id,
              JSON.stringify(same.variables),
            ],
          )
          await ask(
            'journal',
            'INSERT INTO journal (lane, at, id, workspace_id, contact_id, journey_id, enrollment_id, seq, input, decisions) VALUES ($1, now(), uuidv7(), $2, $3, $4, $5, 2, $6, $7)',
            [row.lane, row.workspace_id, row.contact_id, row.journey_id, row.id, JSON.stringify(same.input), JSON.stringify(same.decisions)],
          )
          await ask(
            'counters',
            `INSERT INTO node_stats AS s (lane, version_id, node, metric, hour, workspace_id, journey_id, n)
          SELECT $1, $2, c.node, c.metric, date_trunc('hour', now()), $3, $4, 1 FROM jsonb_to_recordset($5::jsonb) AS c (node text, metric text)
          ON CONFLICT (lane, version_id, node, metric, hour) DO UPDATE SET n = s.n + 1`,
            [row.lane, row.version_id, row.workspace_id, row.journey_id, JSON.stringify(same.counters)],
          )
        })
      }
      return mine.length
    }),
  )
  return perSecond(done, started)
}

function perSecond(done: readonly number[], started: number): number {
  return (done.reduce((sum, each) => sum + each, 0) / (performance.now() - started)) * 1_000
}
