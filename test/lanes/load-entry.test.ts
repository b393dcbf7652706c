import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Graph } from '../../src/domain/journey/graph.ts'
import type { JsonObject } from '../../src/domain/json.ts'
import type { InboxItem } from '../../src/lanes/inbox.ts'
import { chain, delay, on, testRing, testWorkspace } from '../support/ring.ts'

const HOUR = 3_600_000

const world = testRing()
const workspace = testWorkspace(world)

const trigger = (kind: string, config: JsonObject): Graph['nodes'][number] => ({ key: 'start', kind, config })
const entries = async (journeyId: string) => (await workspace.enrollments(journeyId)).length
/** Hours until a journey's clocks run out, by key. */
const clocks = async (journeyId: string) =>
  Object.fromEntries(
    (
      await world.rows<{ key: string; hours: number }>(
        'SELECT key, round(extract(epoch FROM due_at - now()) / 3600)::int AS hours FROM watch WHERE journey_id = $1',
        [journeyId],
      )
    ).map((row) => [row.key, row.hours]),
  )
const merge = async (known: string, half: string) => {
  await world.rows('UPDATE contact SET merged_into = $2 WHERE id = $1', [half, known])
  await world.rows('UPDATE contact SET linked = linked || $2::uuid WHERE id = $1', [known, half])
}

test('ONCE is once for ever, ONE_AT_A_TIME is again after the end, and not within its time; each by its key', async () => {
  const journey = async (reentry: Graph['reentry']) =>
    (await workspace.publish(chain([on('seen', { matchKey: 'id' }), delay('PT1H')], { reentry }))).journeyId
  const [once, single, seldom] = [
    await journey({ rule: 'ONCE' }),
    await journey({ rule: 'ONE_AT_A_TIME' }),
    await journey({ rule: 'ONE_AT_A_TIME', notWithin: 'PT5H' }),
  ]
  const seen = (id: string) => workspace.post(workspace.event('ada', 'seen', { id }))
  const counts = async () => [await entries(once), await entries(single), await entries(seldom)]
  await seen('a')
  await seen('a')
  await seen('b')
  expect(await counts()).toEqual([2, 2, 2])
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  await seen('a')
  expect(await counts()).toEqual([2, 3, 2])
  await workspace.pass(4 * HOUR)
  await workspace.tick()
  await seen('a')
  expect(await counts()).toEqual([2, 4, 3])
})

test('the entry guard is remembered when the enrollment itself is gone', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { reentry: { rule: 'ONCE' } }))
  await workspace.post(workspace.event('ada', 'seen'))
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  await world.rows('DELETE FROM enrollment WHERE journey_id = $1', [journeyId])
  await workspace.post(workspace.event('ada', 'seen'))
  expect(await entries(journeyId)).toBe(0)
})

test('for a merged contact the guard of every half counts, the busiest first', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')], { reentry: { rule: 'ONE_AT_A_TIME' } }))
  const known = await workspace.contact('ada')
  const halves = [await workspace.contact('phone'), await workspace.contact('laptop')]
  await workspace.post(...['phone', 'laptop'].map((each) => workspace.event(each, 'seen')))
  for (const half of halves) await merge(known, half)
  await workspace.post(workspace.event('ada', 'seen'))
  expect(await entries(journeyId)).toBe(2)
  // One of them is through; the other is still inside.
  await world.rows(
    `UPDATE enrollment SET due_at = now() - interval '1 second', state = jsonb_set(state::jsonb, '{since}', '0')::text WHERE contact_id = $1`,
    [halves[0]],
  )
  await workspace.tick()
  await workspace.post(workspace.event('ada', 'seen'))
  expect(await entries(journeyId)).toBe(2)
  await workspace.pass(2 * HOUR)
  await workspace.tick()
  await workspace.post(workspace.event('ada', 'seen'))
  expect(await entries(journeyId)).toBe(3)
})

test('an event of a trigger’s name winds its clock again; a late one never turns it back; others leave it alone', async () => {
  const { journeyId } = await workspace.publish(chain([on('cart', { matchKey: 'id', quietFor: 'PT10H' }), delay('PT1H')]))
  const cart = (id: string, hoursAgo: number) => workspace.event('ada', 'cart', { id }, Date.now() - hoursAgo * HOUR)
  await workspace.post(cart('a', 4), cart('b', 4))
  expect(await clocks(journeyId)).toEqual({ a: 6, b: 6 })
  await workspace.post(cart('a', 1), workspace.event('ada', 'seen', { id: 'b' }))
  expect(await clocks(journeyId)).toEqual({ a: 9, b: 6 })
  await workspace.post(cart('a', 3))
  expect(await clocks(journeyId)).toEqual({ a: 9, b: 6 })
})

test('a clock of inactivity is wound by the events it names, or by any', async () => {
  const named = await workspace.publish(chain([trigger('inactivity_trigger', { events: ['visited'], after: 'PT10H' }), delay('PT1H')]))
  const any = await workspace.publish(chain([trigger('inactivity_trigger', { after: 'PT10H' }), delay('PT1H')]))
  const both = async () => [(await clocks(named.journeyId))[''], (await clocks(any.journeyId))['']]
  await workspace.post(workspace.event('ada', 'visited', {}, Date.now() - 6 * HOUR))
  expect(await both()).toEqual([4, 4])
  await workspace.post(workspace.event('ada', 'bought', {}, Date.now() - 2 * HOUR))
  expect(await both()).toEqual([4, 8])
  const inbound: InboxItem = {
    kind: 'inbound',
    data: { channel: 'sms', text: 'hello', to: 'us', providerMessageId: randomUUID(), at: Date.now() },
    workspaceId: workspace.id,
    reference: 'external:ada',
  }
  await workspace.post(inbound)
  expect(await both()).toEqual([4, 10])
})

test('a clock that has run out lets in once, and is wound by what comes afterwards', async () => {
  const { journeyId } = await workspace.publish(
    chain([trigger('inactivity_trigger', { events: ['visited'], after: 'PT10H' }), delay('PT1H')], { reentry: { rule: 'EVERY_TIME' } }),
  )
  await workspace.post(workspace.event('ada', 'visited'))
  await workspace.pass(11 * HOUR)
  await workspace.tick()
  await workspace.tick()
  expect([await entries(journeyId), await clocks(journeyId)]).toEqual([1, {}])
  await workspace.post(workspace.event('ada', 'visited'))
  expect([await entries(journeyId), await clocks(journeyId)]).toEqual([1, { '': 10 }])
})

test('a clock called off by a goal or an exit event of its key does not run out; another key’s does', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('cart', { matchKey: 'id', quietFor: 'PT10H' }), delay('PT1H')], {
      goals: [{ name: 'bought', event: 'order', matchKey: 'id', window: 'P1D' }],
      exitRules: [{ event: 'cart.emptied' }],
    }),
  )
  await workspace.post(...['a', 'b'].map((id) => workspace.event('ada', 'cart', { id })), workspace.event('grace', 'cart', { id: 'a' }))
  await workspace.post(workspace.event('ada', 'order', { id: 'a' }), workspace.event('grace', 'cart.emptied'))
  await workspace.pass(11 * HOUR)
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.key)).toEqual(['b'])
})

test('whoever enters by a clock that ran out has entered when its event happened: what came since counts', async () => {
  const waits = { key: 'wait', kind: 'wait', config: { events: [{ name: 'went', event: 'go' }], timeout: 'P1D' } }
  const { journeyId } = await workspace.publish(
    chain([on('cart', { quietFor: 'PT36H' }), waits, { key: 'out', kind: 'exit', config: {} }], {
      edges: [
        { from: 'start', port: 'next', to: 'wait' },
        { from: 'wait', port: 'went', to: 'out' },
      ],
    }),
  )
  const before = (who: string) => workspace.event(who, 'go', {}, Date.now() - 1_000)
  await workspace.post(before('ada'), before('grace'), workspace.event('ada', 'cart'), workspace.event('grace', 'cart'))
  await workspace.pass(HOUR)
  await workspace.post(workspace.event('ada', 'go'))
  await workspace.pass(36 * HOUR)
  await workspace.tick()
  expect((await workspace.enrollments(journeyId)).map((each) => each.node ?? each.end_reason).sort()).toEqual(['exit_node', 'wait'])
})

test('a purchase that was received before its cart, but happened after it, counts however long the cart has to be quiet', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('cart', { quietFor: 'P2D' }), delay('PT1H')], { goals: [{ name: 'bought', event: 'order', window: 'P9D' }] }),
  )
  await workspace.post(workspace.event('ada', 'order'))
  await workspace.post(workspace.event('ada', 'cart', {}, Date.now() - HOUR))
  await workspace.pass(48 * HOUR)
  await workspace.tick()
  expect(await entries(journeyId)).toBe(0)
  expect(await clocks(journeyId)).toEqual({})
})
