import { expect, test } from 'vitest'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, delay, email, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)

const refusals = async () =>
  (
    await world.rows<{ code: string }>(
      `SELECT decisions::json->0->>'code' AS code FROM journal WHERE workspace_id = $1 AND enrollment_id IS NULL ORDER BY id`,
      [workspace.id],
    )
  ).map((row) => row.code)
const setStatus = (journeyId: string, status: string) => world.rows('UPDATE journey SET status = $2 WHERE id = $1', [journeyId, status])

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

test('a timer that a pause froze stays frozen, whatever is heard, until the resumption thaws it', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('seen'), delay('PT1H')], { goals: [{ name: 'bought', event: 'bought', window: 'P1D', onReached: 'RECORD' }] }),
  )
  await workspace.post(workspace.event('ada', 'seen'))
  await setStatus(journeyId, 'PAUSED')
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  const timers = () =>
    world.rows('SELECT due_at IS NOT NULL AS due, frozen_due_at IS NOT NULL AS frozen FROM enrollment WHERE journey_id = $1', [journeyId])
  expect(await timers()).toEqual([{ due: false, frozen: true }])
  await setStatus(journeyId, 'LIVE')
  await workspace.post(workspace.event('ada', 'bought'))
  expect(await world.rows('SELECT count(*)::int AS n FROM conversion WHERE journey_id = $1', [journeyId])).toEqual([{ n: 1 }])
  expect([await timers(), (await workspace.enrollments(journeyId)).map(({ node }) => node)]).toEqual([[{ due: false, frozen: true }], ['pause']])
})
