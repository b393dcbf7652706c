import { expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { chain, delay, email, on, testRing, testWorkspace } from '../support/ring.ts'

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
