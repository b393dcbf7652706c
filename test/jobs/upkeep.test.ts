import { expect, test } from 'vitest'
import { keepHouse } from '../../jobs/upkeep.ts'
import { laneOf } from '../../src/domain/ids.ts'
import { LANES, testRing } from '../support/ring.ts'

const world = testRing()

const PARTED = ['event', 'journal', 'message_status']
/** Names of the partitions of this month and the two after it, whatever the month. */
const wanted = async () =>
  (
    await world.rows<{ name: string }>(
      `SELECT parent || '_' || to_char(now() AT TIME ZONE 'UTC' + make_interval(months => n), 'YYYYMM') AS name
        FROM unnest($1::text[]) AS parent, generate_series(0, 2) AS n ORDER BY 1`,
      [PARTED],
    )
  ).map((row) => row.name)
const present = async () =>
  (
    await world.rows<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent::regclass::text = ANY ($1) AND c.relname !~ '_rest$' ORDER BY 1`,
      [PARTED],
    )
  ).map((row) => row.name)

test('the partitions of this month and the next two are there, made where they were missing', async () => {
  const names = await wanted()
  for (const name of names.slice(-2)) await world.rows(`DROP TABLE ${name}`)
  expect(await present()).toEqual(names.slice(0, -2))
  await keepHouse(world.database.worker, LANES)
  expect(await present()).toEqual(names)
  await keepHouse(world.database.worker, LANES)
  expect(await present()).toEqual(names)
})

test('guards go when no retry can come any more, in every lane, and not before', async () => {
  const workspace = await world.workspace()
  await world.rows(
    `INSERT INTO inbox_guard (lane, digest, workspace_id, received_at)
      SELECT lane, gen_random_uuid(), $1, now() - age FROM unnest(ARRAY[0, $2::int]) AS lane, unnest(ARRAY['8 days', '7 days 1 second', '6 days 23 hours', '0']::interval[]) AS age`,
    [workspace.id, LANES - 1],
  )
  await keepHouse(world.database.worker, LANES)
  expect(
    await world.rows(
      `SELECT lane, count(*)::int AS n, bool_and(received_at > now() - interval '7 days') AS young FROM inbox_guard GROUP BY lane ORDER BY lane`,
    ),
  ).toEqual([
    { lane: 0, n: 2, young: true },
    { lane: LANES - 1, n: 2, young: true },
  ])
})

test('in-app messages go 30 days after they were last to be seen, expired or dismissed, and not before', async () => {
  const workspace = await world.workspace()
  const contactId = await workspace.contact('ada')
  await world.rows(
    `INSERT INTO in_app_message (lane, id, workspace_id, contact_id, surface, priority, content, expires_at, dismissed_at)
      SELECT $1, gen_random_uuid(), $2, $3, 'MODAL', 50, json_build_object('title', title), now() + expires, now() + dismissed FROM (VALUES
        ('showing', interval '1 day', NULL::interval), ('expired', '-29 days', NULL), ('dismissed', '60 days', '-29 days'),
        ('long expired', '-31 days', NULL), ('long dismissed', '60 days', '-31 days')) AS given (title, expires, dismissed)`,
    [laneOf(contactId), workspace.id, contactId],
  )
  await keepHouse(world.database.worker, LANES)
  const left = await world.rows(`SELECT content->>'title' AS title FROM in_app_message WHERE contact_id = $1 ORDER BY 1`, [contactId])
  expect(left).toEqual([{ title: 'dismissed' }, { title: 'expired' }, { title: 'showing' }])
})

test('what endpoints were told goes after thirty days', async () => {
  const workspace = await world.workspace()
  await world.rows(
    `INSERT INTO webhook_delivery (lane, id, workspace_id, endpoint_id, contact_id, type, data, status, created_at)
      SELECT 0, gen_random_uuid(), $1, $1, $1, age::text, '{}', 'FAILED', now() - age FROM unnest(ARRAY['29 days', '31 days']::interval[]) AS age`,
    [workspace.id],
  )
  await keepHouse(world.database.worker, LANES)
  expect(await world.rows('SELECT type FROM webhook_delivery WHERE workspace_id = $1', [workspace.id])).toEqual([{ type: '29 days' }])
})
