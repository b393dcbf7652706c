import { beforeAll, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { chain, on, type TestWorkspace, testRing } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await world.workspace()
})

test('a condition is given as much of the past as it asks for, by when things occurred', async () => {
  const often = { event: { name: 'visited', count: { op: 'GTE', value: 3 }, within: 'P1D' } }
  const ask: Graph['nodes'][number] = { key: 'ask', kind: 'branch', config: { branches: [{ name: 'often', when: often }] } }
  const { journeyId } = await workspace.publish({
    ...chain([on('seen'), ask]),
    nodes: [on('seen'), ask, { key: 'yes', kind: 'exit', config: { reason: 'often' } }, { key: 'no', kind: 'exit', config: { reason: 'seldom' } }],
    edges: [
      { from: 'start', port: 'next', to: 'ask' },
      { from: 'ask', port: 'often', to: 'yes' },
      { from: 'ask', port: 'else', to: 'no' },
    ],
  })
  const visits = (externalId: string, ...hoursAgo: number[]) =>
    hoursAgo.map((hours) => workspace.event(externalId, 'visited', {}, Date.now() - hours * HOUR))
  await workspace.post(...visits('ada', 1, 2, 23), ...visits('grace', 1, 2, 25), ...visits('edsger', 1))
  // Two more come in the very batch of the trigger.
  await workspace.post(...visits('edsger', 2, 3), ...['ada', 'grace', 'edsger'].map((each) => workspace.event(each, 'seen')))
  expect(
    await world.rows(
      'SELECT c.external_id, e.end_reason FROM enrollment e JOIN contact c ON c.lane = e.lane AND c.id = e.contact_id WHERE e.journey_id = $1 ORDER BY 1',
      [journeyId],
    ),
  ).toEqual([
    { external_id: 'ada', end_reason: 'often' },
    { external_id: 'edsger', end_reason: 'often' },
    { external_id: 'grace', end_reason: 'seldom' },
  ])
})
