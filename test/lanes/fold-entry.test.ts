import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, delay, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)

const events = () => world.rows('SELECT name, properties FROM event WHERE workspace_id = $1 ORDER BY id', [workspace.id])
const refusals = async () =>
  (
    await world.rows<{ code: string }>(
      `SELECT decisions::json->0->>'code' AS code FROM journal WHERE workspace_id = $1 AND enrollment_id IS NULL ORDER BY id`,
      [workspace.id],
    )
  ).map((row) => row.code)

test('a purchase that was received before its cart, but happened after it, keeps the cart from starting anything', async () => {
  const { journeyId } = await workspace.publish(chain([on('cart'), delay('PT1H')], { goals: [{ name: 'bought', event: 'order', window: 'P1D' }] }))
  await workspace.post(workspace.event('ada', 'order'), workspace.event('ada', 'cart', {}, Date.now() - HOUR))
  expect(await workspace.enrollments(journeyId)).toEqual([])
  expect(await refusals()).toEqual(['refused_exit_event'])
})

test('an event of the day before yesterday is kept and starts nothing', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'seen', { page: '/socks' }, Date.now() - 48 * HOUR))
  expect(await workspace.enrollments(journeyId)).toEqual([])
  expect([await refusals(), await events()]).toEqual([['refused_stale'], [{ name: 'seen', properties: { page: '/socks' } }]])
})

test('a quiet trigger enters once, when nothing more has come; a purchase calls it off, and so does what came just now', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('cart', { matchKey: 'id', quietFor: 'PT1H' }), delay('PT1H')], {
      goals: [{ name: 'bought', event: 'order', matchKey: 'id', window: 'P1D' }],
    }),
  )
  const watched = async () =>
    (await world.rows<{ key: string }>('SELECT key FROM watch WHERE journey_id = $1 ORDER BY key', [journeyId])).map((each) => each.key)
  await workspace.post(...['a', 'b', 'c'].map((id) => workspace.event('ada', 'cart', { id })))
  expect(await watched()).toEqual(['a', 'b', 'c'])
  await workspace.post(workspace.event('ada', 'order', { id: 'a' }))
  expect(await watched()).toEqual(['b', 'c'])
  await workspace.pass(HOUR)
  // Due, and put off by what the same tick finds in the inbox.
  await workspace.post(workspace.event('ada', 'cart', { id: 'b' }))
  expect([await watched(), (await workspace.enrollments(journeyId)).map((each) => each.key)]).toEqual([['b'], ['c']])
  await workspace.pass(HOUR)
  await workspace.tick()
  expect([await watched(), (await workspace.enrollments(journeyId)).map((each) => each.key)]).toEqual([[], ['b', 'c']])
})

test('enrolling by call starts the trigger that was named, or the first that will have it, and says why not', async () => {
  const api = (key: string): Graph['nodes'][number] => ({ key, kind: 'api_trigger', config: { matchKey: 'plan' } })
  const { journeyId } = await workspace.publish({
    ...chain([api('one'), delay('PT1H')]),
    nodes: [api('one'), api('two'), delay('PT1H'), { key: 'out', kind: 'exit', config: {} }],
    edges: [
      { from: 'one', port: 'next', to: 'pause' },
      { from: 'two', port: 'next', to: 'out' },
    ],
  })
  const enroll = (node: string | null, properties: Record<string, string>, id = journeyId): InboxItem => ({
    kind: 'enroll',
    data: { journeyId: id, node, properties, requestId: randomUUID() },
    workspaceId: workspace.id,
    reference: 'external:ada',
  })
  await workspace.post(enroll('two', { plan: 'a' }))
  expect(await workspace.enrollments(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'exit_node', key: 'a' }])
  await workspace.post(enroll(null, { plan: 'b' }))
  expect((await workspace.enrollments(journeyId)).map((each) => `${each.key} ${each.status}`).sort()).toEqual(['a EXITED', 'b ACTIVE'])
  await workspace.post(enroll('one', {}), enroll('one', { plan: 'c' }, randomUUID()))
  expect((await refusals()).sort()).toEqual(['refused_filter', 'refused_not_live', 'refused_reentry'])
})

test('a contact that is created, or changed in a field somebody asked about, pulls its triggers', async () => {
  const trigger = (config: Record<string, string | string[]>): Graph['nodes'][number] => ({
    key: 'start',
    kind: 'contact_trigger',
    config: config as never,
  })
  const created = await workspace.publish(chain([trigger({ change: 'CREATED' }), delay('PT1H')]))
  const changed = await workspace.publish(chain([trigger({ change: 'CHANGED', fields: ['plan'] }), delay('PT1H')]))
  const entries = async () => [(await workspace.enrollments(created.journeyId)).length, (await workspace.enrollments(changed.journeyId)).length]
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('ada', 'seen'))
  expect(await entries()).toEqual([1, 0])
  const change = (...fields: string[]): InboxItem => ({
    kind: 'contact',
    data: { change: 'changed', fields },
    workspaceId: workspace.id,
    reference: 'external:ada',
  })
  await workspace.post(change('city'))
  expect(await entries()).toEqual([1, 0])
  await workspace.post(change('city', 'plan'))
  expect(await entries()).toEqual([1, 1])
})

test('of two changes of a contact in one tick each lets it in', async () => {
  const change: InboxItem = { kind: 'contact', data: { change: 'changed', fields: ['plan'] }, workspaceId: workspace.id, reference: 'external:ada' }
  const trigger: Graph['nodes'][number] = { key: 'start', kind: 'contact_trigger', config: { change: 'CHANGED' } }
  const { journeyId } = await workspace.publish(chain([trigger, delay('PT1H')]))
  await workspace.contact('ada')
  await workspace.post(change, change)
  expect((await workspace.enrollments(journeyId)).map((each) => each.node)).toEqual(['pause', 'pause'])
})

test('an event that two triggers hear begins one enrollment, though it is over before the second is asked', async () => {
  const second: Graph['nodes'][number] = { key: 'second', kind: 'event_trigger', config: { event: 'seen' } }
  const out: Graph['nodes'][number] = { key: 'out', kind: 'exit', config: {} }
  const { journeyId } = await workspace.publish(
    chain([on('seen'), second, out], {
      reentry: { rule: 'ONE_AT_A_TIME' },
      edges: [
        { from: 'start', port: 'next', to: 'out' },
        { from: 'second', port: 'next', to: 'out' },
      ],
    }),
  )
  await workspace.post(workspace.event('ada', 'seen'))
  expect([await workspace.enrollments(journeyId), await refusals()]).toEqual([
    [{ status: 'EXITED', node: null, end_reason: 'exit_node', key: '' }],
    ['refused_reentry'],
  ])
})

test('a clock that runs out is judged by the journeys there are, however long nothing else has come', async () => {
  // The worker has looked at the journeys, and then this one is published and its clocks are started.
  await workspace.post(workspace.event('ada', 'seen'))
  const { journeyId } = await workspace.publish(chain([{ key: 'start', kind: 'inactivity_trigger', config: { after: 'PT1H' } }, delay('PT1H')]))
  await world.rows(
    `INSERT INTO watch (lane, journey_id, contact_id, node, workspace_id, due_at) SELECT lane, $2, id, 'start', $1, now() - interval '1 second' FROM contact WHERE workspace_id = $1`,
    [workspace.id, journeyId],
  )
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.node)).toEqual(['pause'])
})
