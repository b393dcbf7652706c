import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, delay, email, on, openTestRing, type TestRing, type TestWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

let world: TestRing
let workspace: TestWorkspace

beforeAll(async () => {
  world = await openTestRing()
})
afterAll(() => world.close())
beforeEach(async () => {
  workspace = await world.workspace()
  world.planned.length = 0
})

const events = () => world.rows('SELECT name, properties FROM event WHERE workspace_id = $1 ORDER BY id', [workspace.id])
const refusals = async () =>
  (
    await world.rows<{ code: string }>(
      `SELECT decisions->0->>'code' AS code FROM journal WHERE workspace_id = $1 AND enrollment_id IS NULL ORDER BY id`,
      [workspace.id],
    )
  ).map((row) => row.code)
const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])

test('what came before a timer fell due is folded before it, in the tick that finds both', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H'), email(await workspace.template('email'))], { exitRules: [{ event: 'bought' }] }),
  )
  await workspace.contact('ada', ['email'])
  await workspace.contact('grace', ['email'])
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  await workspace.pass(2 * HOUR)
  await workspace.post(workspace.event('ada', 'bought'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason).sort()).toEqual(['exit_event:bought', null])
  expect(await workspace.messages(journeyId)).toHaveLength(1)
})

test('one batch is folded in its order: in, out and in again are two enrollments', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H')], { reentry: { rule: 'ONE_AT_A_TIME' }, exitRules: [{ event: 'bought', reason: 'bought' }] }),
  )
  const began = Date.now() - HOUR
  const names = ['seen', 'seen', 'bought', 'seen', 'seen']
  await workspace.post(...names.map((name, second) => workspace.event('ada', name, {}, began + second * 1_000)))
  const rows = await workspace.enrollments(journeyId)
  expect(rows.map((each) => each.status).sort()).toEqual(['ACTIVE', 'EXITED'])
  expect(await refusals()).toEqual(['refused_reentry', 'refused_reentry'])
  expect((await events()).map((each) => each.name)).toHaveLength(5)
})

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

test('what one journey changes of the contact, the next one sees in the same tick', async () => {
  await workspace.publish(chain([on('seen'), { key: 'mark', kind: 'update', config: { addTags: ['hot'] } }]))
  const branch = chain([
    on('seen'),
    {
      key: 'ask',
      kind: 'branch',
      config: { branches: [{ name: 'hot', when: { tag: 'hot' } }] },
    },
  ])
  const { journeyId } = await workspace.publish({
    ...branch,
    nodes: [...branch.nodes, { key: 'yes', kind: 'exit', config: { reason: 'hot' } }, { key: 'no', kind: 'exit', config: { reason: 'cold' } }],
    edges: [...branch.edges, { from: 'ask', port: 'hot', to: 'yes' }, { from: 'ask', port: 'else', to: 'no' }],
  })
  await workspace.post(workspace.event('ada', 'seen'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason)).toEqual(['hot'])
  expect(await world.rows('SELECT tags FROM contact WHERE workspace_id = $1', [workspace.id])).toEqual([{ tags: ['hot'] }])
})

test('a second message with the same key is a duplicate, also where both are planned in one tick', async () => {
  const template = await workspace.template('email')
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template, { dedupe: { key: 'event.page', window: 'P1D' } })]))
  await workspace.contact('ada', ['email'])
  await workspace.post(...['/a', '/a', '/b'].map((page) => workspace.event('ada', 'seen', { page })))
  const statuses = (await workspace.messages(journeyId)).map((each) => each.failure_code ?? each.status)
  expect(statuses.sort()).toEqual(['PLANNED', 'PLANNED', 'duplicate'])
  await workspace.post(workspace.event('ada', 'seen', { page: '/b' }))
  expect((await workspace.messages(journeyId)).filter((each) => each.failure_code === 'duplicate')).toHaveLength(2)
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

test('an exit by call ends the enrollment with its reason and withdraws what it had planned', async () => {
  const template = await workspace.template('email')
  const { journeyId } = await workspace.publish(chain([on('seen'), email(template)]))
  const contactId = await workspace.contact('ada', ['email'])
  await workspace.post(workspace.event('ada', 'seen'))
  const [row] = await world.rows<{ id: string }>('SELECT id FROM enrollment WHERE journey_id = $1', [journeyId])
  const exit = (enrollmentId: string, reason: string): InboxItem => ({
    kind: 'exit',
    data: { enrollmentId, reason },
    workspaceId: workspace.id,
    contactId,
  })
  await workspace.post(exit(row?.id ?? '', 'by hand'))
  await workspace.post(exit(row?.id ?? '', 'again'))
  expect(await workspace.enrollments(journeyId)).toEqual([{ status: 'EXITED', node: null, end_reason: 'by hand', key: '' }])
  expect((await workspace.messages(journeyId)).map((each) => `${each.status} ${each.failure_code}`)).toEqual(['CANCELLED enrollment_ended'])
})

test('an event of a merged half moves what the other half has running, starts nothing there and is kept once', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { exitRules: [{ event: 'bought' }] }))
  const [known, anonymous] = [await workspace.contact('ada'), await workspace.contact('visitor')]
  await workspace.post(workspace.event('visitor', 'seen'))
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [anonymous, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, anonymous])
  await workspace.post(workspace.event('ada', 'bought'))
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason)).toEqual(['exit_event:bought'])
  expect(await world.rows(`SELECT contact_id FROM event WHERE workspace_id = $1 AND name = 'bought'`, [workspace.id])).toEqual([
    { contact_id: known },
  ])
})

test('what the other half of a merged contact did is counted once, though it is both told and read', async () => {
  const waits: Graph['nodes'][number] = { key: 'wait', kind: 'wait', config: { events: [{ name: 'go', event: 'go' }], timeout: 'P1D' } }
  const when = { event: { name: 'go', count: { op: 'GTE' as const, value: 2 } } }
  const branch: Graph['nodes'][number] = { key: 'branch', kind: 'branch', config: { branches: [{ name: 'twice', when }] } }
  const out = (key: string): Graph['nodes'][number] => ({ key, kind: 'exit', config: { reason: key } })
  const { journeyId } = await workspace.publish(
    chain([on('seen'), waits, branch, out('twice'), out('once')], {
      edges: [
        { from: 'start', port: 'next', to: 'wait' },
        { from: 'wait', port: 'go', to: 'branch' },
        { from: 'branch', port: 'twice', to: 'twice' },
        { from: 'branch', port: 'else', to: 'once' },
      ],
    }),
  )
  const [known, anonymous] = [await workspace.contact('ada'), await workspace.contact('visitor')]
  await workspace.post(workspace.event('visitor', 'seen'))
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [anonymous, known])
  await world.rows('UPDATE contact SET linked = ARRAY[$2]::uuid[] WHERE id = $1', [known, anonymous])
  await workspace.post(workspace.event('ada', 'go'))
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason)).toEqual(['once'])
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

test('a paused journey lets nobody in, freezes what falls due and still lets people out', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { exitRules: [{ event: 'bought' }] }))
  await workspace.post(workspace.event('ada', 'seen'), workspace.event('grace', 'seen'))
  await setStatus(journeyId, 'PAUSED')
  await workspace.pass(2 * HOUR)
  await workspace.post(workspace.event('edsger', 'seen'))
  const timers = () => world.rows('SELECT due_at, frozen_due_at IS NOT NULL AS frozen FROM enrollment WHERE journey_id = $1', [journeyId])
  expect([await timers(), await refusals()]).toEqual([Array.from({ length: 2 }, () => ({ due_at: null, frozen: true })), ['refused_paused']])
  await workspace.post(workspace.event('ada', 'bought'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.end_reason ?? each.status).sort()).toEqual(['ACTIVE', 'exit_event:bought'])
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
