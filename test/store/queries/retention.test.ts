import { expect, test } from 'vitest'
import { type Kept, RETENTION, sweep } from '../../../src/store/queries/retention.ts'
import { testRing } from '../../support/ring.ts'

const world = testRing()

const ID = `'00000000-0000-4000-8000-000000000000'`
/** How a row comes into each table whose instant is `at`; `n` tells rows apart. */
const ROWS: Record<Kept, string> = {
  inbox_guard: `(lane, digest, workspace_id, received_at) SELECT 0, gen_random_uuid(), $1, at`,
  unmatched_callback: `(id, workspace_id, connection_id, callback, received_at) SELECT gen_random_uuid(), $1, p.id, '{}', at`,
  idempotency: `(workspace_id, key, operation, body_hash, created_at) SELECT $1, n::text, 'test', '', at`,
  in_app_message: `(lane, id, workspace_id, contact_id, surface, priority, content, expires_at, dismissed_at)
    SELECT 0, gen_random_uuid(), $1, ${ID}, 'MODAL', 50, '{}', at + (n % 2) * interval '90 days', CASE n % 2 WHEN 1 THEN at END`,
  webhook_call: `(lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, variables, status, planned_at, finished_at)
    SELECT 0, gen_random_uuid(), $1, ${ID}, ${ID}, ${ID}, ${ID}, 'call', 1, '{}', 'SUCCEEDED', at - interval '90 days', at`,
  webhook_delivery: `(lane, id, workspace_id, endpoint_id, contact_id, type, data, status, created_at)
    SELECT 0, gen_random_uuid(), $1, ${ID}, ${ID}, 'test', '{}', 'FAILED', at`,
  whatsapp_window: `(lane, identity_id, connection_id, workspace_id, contact_id, open_until) SELECT 0, gen_random_uuid(), ${ID}, $1, ${ID}, at`,
  short_link: `(lane, code, workspace_id, message_id, url, created_at) SELECT 0, n::text, $1, ${ID}, 'https://shop.example', at`,
}

test.each(Object.entries(RETENTION) as [Kept, { since: string; days: number }][])('%s', async (table, { since, days }) => {
  const workspace = await world.workspace()
  await workspace.connect('sms')
  await world.rows(
    `INSERT INTO ${table} ${ROWS[table]} FROM generate_series(1, 8) AS n,
      LATERAL (SELECT now() - $2 * interval '1 day' + CASE WHEN n > 5 THEN interval '1 hour' ELSE interval '-1 hour' END AS at) AS a,
      LATERAL (SELECT id FROM provider_connection WHERE workspace_id = $1) AS p`,
    [workspace.id, days],
  )
  const pool = world.database.worker
  expect([await sweep(pool, table, 3), await sweep(pool, table, 3), await sweep(pool, table, 3)]).toEqual([3, 2, 0])
  expect(
    await world.rows(`SELECT count(*)::int AS n, bool_and(${since} > now() - $2 * interval '1 day') AS young FROM ${table} WHERE workspace_id = $1`, [
      workspace.id,
      days,
    ]),
  ).toEqual([{ n: 3, young: true }])
})

test.each(Object.entries(RETENTION) as [Kept, { since: string }][])('%s is swept by an index', async (table, { since }) => {
  const [plan] = await world.database.owner
    .query(
      `BEGIN; SET LOCAL enable_seqscan = off; EXPLAIN (FORMAT JSON) SELECT ctid FROM ${table} WHERE ${since} < now() - interval '9 days'; ROLLBACK`,
    )
    .then((results) => (results as unknown as { rows: { 'QUERY PLAN': unknown }[] }[])[2]?.rows ?? [])
  expect(JSON.stringify(plan?.['QUERY PLAN'])).toMatch(new RegExp(`${table}_by_time`))
})

test('a call that has not come to its end stays, however old', async () => {
  const workspace = await world.workspace()
  await world.rows(
    `INSERT INTO webhook_call (lane, id, workspace_id, contact_id, enrollment_id, journey_id, version_id, node, visit, variables, status, planned_at)
      VALUES (0, gen_random_uuid(), $1, ${ID}, ${ID}, ${ID}, ${ID}, 'call', 1, '{}', 'HELD', now() - interval '1 year')`,
    [workspace.id],
  )
  expect(await sweep(world.database.worker, 'webhook_call', 10)).toBe(0)
})
