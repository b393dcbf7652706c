import { expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { openJourneyBook, type VersionFault } from '../../src/lanes/journeys.ts'
import { chain, delay, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000
const LOOK = 600_000

const world = testRing()
const workspace = testWorkspace(world)

/** A worker is started anew, on a build that finds this graph in the stored version. */
async function upgrade(versionId: string, graph: unknown): Promise<VersionFault[]> {
  const faults: VersionFault[] = []
  await world.rows('UPDATE journey_version SET graph = $2 WHERE id = $1', [versionId, JSON.stringify(graph)])
  world.ring.book = openJourneyBook((fault) => faults.push(fault))
  return faults
}
/** The same graph with a setting that no build knows. */
const broken = (graph: Graph) => ({
  ...graph,
  nodes: graph.nodes.map((node, n) => (n === graph.nodes.length - 1 ? { ...node, config: { rounds: 'seven' } } : node)),
})
const decisions = async () =>
  (
    await world.rows<{ code: string }>(`SELECT d->>'code' AS code FROM journal, json_array_elements(decisions::json) AS d WHERE workspace_id = $1`, [
      workspace.id,
    ])
  )
    .map(({ code }) => code)
    .filter((code) => code === 'stands_still')
const standing = async (journeyId: string) => (await workspace.enrollments(journeyId)).map((each) => each.end_reason ?? each.node ?? each.status)

test('a version that cannot be run stands still alone; others go on, and it goes on where it was once it can be run', async () => {
  const graph = chain([on('seen'), delay('PT1H')], { exitRules: [{ event: 'bought' }] })
  const { journeyId, versionId } = await workspace.publish(graph)
  const other = await world.workspace()
  const healthy = await other.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'), other.event('ada', 'seen'))
  const faults = await upgrade(versionId, broken(graph))

  await Promise.all([workspace.pass(2 * HOUR), other.pass(2 * HOUR)])
  // Two timers are due, then somebody leaves by an event, and somebody enters.
  await workspace.tick()
  await workspace.post(workspace.event('ada', 'bought'), workspace.event('edsger', 'seen'), workspace.event('ada', 'of no account'))
  expect([await standing(journeyId), (await other.enrollments(healthy.journeyId)).map((each) => each.status)]).toEqual([
    ['pause', 'pause'],
    ['COMPLETED'],
  ])
  expect(faults).toEqual([{ journeyId, versionId, fault: 'node pause is not valid' }])
  // Two who were in it, one who wants in, and the purchase, which without the graph may be a trigger as well as an exit.
  expect(await decisions()).toHaveLength(4)
  // Nothing is due any more: a journey that stands still keeps no worker busy.
  expect((await workspace.tick()).taken).toBe(0)
  await workspace.pass(LOOK)
  expect((await workspace.tick()).taken).toBe(4)
  expect((await workspace.tick()).taken).toBe(0)

  await upgrade(versionId, graph)
  await workspace.pass(LOOK)
  await workspace.tick()
  // Who bought has left by it, however long her timer had been due; grace’s delay is over; edsger’s has begun.
  expect((await standing(journeyId)).sort()).toEqual(['COMPLETED', 'exit_event:bought', 'pause'])
  expect(await decisions()).toHaveLength(4)
  expect(await world.rows('SELECT 1 FROM watch WHERE workspace_id = $1', [workspace.id])).toEqual([])
})

test('what is heard once it can be run again finds everything told that came before', async () => {
  const graph = chain([on('seen'), delay('PT3H')], { goals: [{ name: 'sale', event: 'bought', window: 'P1D' }] })
  const { journeyId, versionId } = await workspace.publish(graph)
  await workspace.post(workspace.event('ada', 'seen'))
  await upgrade(versionId, broken(graph))
  await workspace.post(workspace.event('ada', 'bought'))
  await upgrade(versionId, graph)
  await workspace.post(workspace.event('ada', 'bought'))
  expect(await standing(journeyId)).toEqual(['sale'])
})

test('its own timer is as it was: neither lost nor early', async () => {
  const graph = chain([on('seen'), delay('PT3H')], { exitRules: [{ event: 'bought', matchKey: 'never' }] })
  const { journeyId, versionId } = await workspace.publish(graph)
  await workspace.post(workspace.event('ada', 'seen'))
  await upgrade(versionId, broken(graph))
  await workspace.post(workspace.event('ada', 'bought'))
  await upgrade(versionId, graph)
  await workspace.pass(HOUR)
  await workspace.tick()
  expect(await standing(journeyId)).toEqual(['pause'])
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  expect(await standing(journeyId)).toEqual(['COMPLETED'])
})

test('somebody is taken out by hand while it stands still', async () => {
  const graph = chain([on('seen'), delay('PT3H')])
  const { journeyId, versionId } = await workspace.publish(graph)
  await workspace.post(workspace.event('ada', 'seen'))
  await upgrade(versionId, broken(graph))
  const [row] = await world.rows<{ id: string; contact_id: string }>('SELECT id, contact_id FROM enrollment WHERE journey_id = $1', [journeyId])
  await workspace.post({
    kind: 'exit',
    data: { enrollmentId: row?.id ?? '', reason: 'by hand' },
    workspaceId: workspace.id,
    contactId: row?.contact_id ?? '',
  })
  expect(await standing(journeyId)).toEqual(['by hand'])
})

test('a clock for quiet waits, and what came meanwhile puts it off', async () => {
  const graph = chain([{ key: 'start', kind: 'inactivity_trigger', config: { after: 'PT1H' } }, delay('PT1H')])
  const { journeyId, versionId } = await workspace.publish(graph)
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  await upgrade(versionId, broken(graph))
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  await workspace.post(workspace.event('ada', 'seen'))
  await upgrade(versionId, graph)
  await workspace.pass(LOOK)
  await workspace.tick()
  expect(await standing(journeyId)).toEqual(['pause'])
  expect((await world.rows('SELECT node FROM watch WHERE workspace_id = $1', [workspace.id])).map(({ node }) => node)).toEqual(['start'])
})
