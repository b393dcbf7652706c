import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { seedWatches } from '../../jobs/seed.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { newLanedId } from '../../src/store/new-id.ts'
import { chain, delay, LANES, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)

const idle = (config: { events?: string[]; after: string }): Graph['nodes'][number] => ({ key: 'idle', kind: 'inactivity_trigger', config })
const seed = (version: { journeyId: string; versionId: string }) =>
  seedWatches(world.database.worker, LANES, { workspaceId: workspace.id, ...version })
/** Hours until each contact's clock runs out, by external id. */
const clocks = async (journeyId: string) =>
  Object.fromEntries(
    (
      await world.rows<{ external_id: string; hours: number }>(
        `SELECT c.external_id, round(extract(epoch FROM w.due_at - now()) / 3600)::int AS hours FROM watch w JOIN contact c ON c.id = w.contact_id WHERE w.journey_id = $1`,
        [journeyId],
      )
    ).map((row) => [row.external_id, row.hours]),
  )

test('a clock begins with the last of the named events, or with the contact itself where there is none', async () => {
  await workspace.contact('silent')
  await workspace.post(
    workspace.event('recent', 'visited', {}, Date.now() - 5 * HOUR),
    workspace.event('recent', 'visited', {}, Date.now() - 2 * HOUR),
    workspace.event('recent', 'bought', {}, Date.now() - 3 * HOUR),
    workspace.event('other', 'bought', {}, Date.now() - 4 * HOUR),
  )
  await world.rows(`UPDATE contact SET created_at = created_at - interval '10 hours' WHERE workspace_id = $1`, [workspace.id])
  const named = await workspace.publish(chain([idle({ events: ['visited'], after: 'PT20H' }), delay('PT1H')]))
  const any = await workspace.publish(chain([idle({ after: 'PT20H' }), delay('PT1H')]))
  await seed(named)
  await seed(any)
  expect(await clocks(named.journeyId)).toEqual({ recent: 18, other: 10, silent: 10 })
  expect(await clocks(any.journeyId)).toEqual({ recent: 18, other: 16, silent: 10 })
})

test('who is erased, merged into another or of another workspace has no clock', async () => {
  const other = await world.workspace()
  await other.contact('stranger')
  const known = await workspace.contact('known')
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [await workspace.contact('half'), known])
  await world.rows('UPDATE contact SET erased_at = now() WHERE id = $1', [await workspace.contact('erased')])
  const version = await workspace.publish(chain([idle({ after: 'PT20H' }), delay('PT1H')]))
  await seed(version)
  expect(await clocks(version.journeyId)).toEqual({ known: 20 })
})

test('a clock that runs already is left alone, so seeding twice is seeding once', async () => {
  const version = await workspace.publish(chain([idle({ after: 'PT20H' }), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'visited', {}, Date.now() - 6 * HOUR))
  await workspace.contact('grace')
  await world.rows(`UPDATE contact SET created_at = created_at - interval '10 hours' WHERE workspace_id = $1`, [workspace.id])
  await seed(version)
  const before = await clocks(version.journeyId)
  await seed(version)
  expect([before, await clocks(version.journeyId)]).toEqual([
    { ada: 14, grace: 10 },
    { ada: 14, grace: 10 },
  ])
})

test('everybody has a clock, however many there are in one lane', async () => {
  const lane = 9
  await world.rows(
    `INSERT INTO contact (lane, id, workspace_id, external_id)
      SELECT $1, overlay($2::text placing lpad(to_hex(n), 12, '0') from 25)::uuid, $3, n::text FROM generate_series(1, 4100) AS n`,
    [lane, newLanedId(lane), workspace.id],
  )
  const version = await workspace.publish(chain([idle({ after: 'PT20H' }), delay('PT1H')]))
  await seed(version)
  expect(Object.keys(await clocks(version.journeyId))).toHaveLength(4_100)
})

test('whoever had been silent for long enough before the journey was published enters at the next tick', async () => {
  await workspace.post(workspace.event('ada', 'visited'), workspace.event('grace', 'visited'))
  await workspace.pass(30 * HOUR)
  await workspace.post(workspace.event('grace', 'visited'))
  const version = await workspace.publish(chain([idle({ events: ['visited'], after: 'PT20H' }), delay('PT1H')]))
  await seed(version)
  await workspace.tick()
  expect(
    await world.rows(
      'SELECT c.external_id, e.node FROM enrollment e JOIN contact c ON c.lane = e.lane AND c.id = e.contact_id WHERE e.journey_id = $1',
      [version.journeyId],
    ),
  ).toEqual([{ external_id: 'ada', node: 'pause' }])
  expect(await clocks(version.journeyId)).toEqual({ grace: 20 })
})

test('triggers of other kinds, and versions that are gone, have nothing to seed', async () => {
  await workspace.contact('ada')
  const version = await workspace.publish(chain([on('visited', { quietFor: 'PT1H' }), delay('PT1H')]))
  await seed(version)
  await seed({ journeyId: version.journeyId, versionId: randomUUID() })
  expect(await clocks(version.journeyId)).toEqual({})
})

test('a version that cannot be run is not taken for one without clocks: the job fails, and is tried again', async () => {
  const version = await workspace.publish(chain([{ ...idle({ after: 'PT1H' }), kind: 'unheard_of' }, delay('PT1H')]))
  await expect(seed(version)).rejects.toMatchObject({ code: 'JOURNEY_INVALID' })
})
