import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasEnded, heard, look, refusals, seen } from '../support/look.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

/** Who has been in a journey comes again: once for all, one at a time, not again so soon, or every time; each course by itself. */
let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

/** A course that begins with `<name>.begun` and lasts until `<name>.left`; its key, where it has one, is the course. */
const course = (name: string, reentry: { rule: string; notWithin?: string } | null, matchKey?: string) =>
  stage.journey({
    ...(reentry === null ? {} : { reentry }),
    nodes: [
      { key: 'begun', config: { eventTrigger: { event: `${name}.begun`, ...(matchKey === undefined ? {} : { matchKey }) } } },
      {
        key: 'course',
        config: { wait: { events: [{ name: 'left', event: `${name}.left`, ...(matchKey === undefined ? {} : { matchKey }) }], timeout: 'P1D' } },
      },
    ],
    edges: [{ from: 'begun', port: 'next', to: 'course' }],
    exitRules: [{ event: `${name}.cancelled`, reason: 'cancelled', ...(matchKey === undefined ? {} : { matchKey }) }],
  })

const states = async (journeyId: string) =>
  (await look(stage, journeyId)).map((each) => (each.key === null ? each.state : `${each.key} ${each.state}`)).sort()

test('ONCE lets nobody in again, and every key in once', async () => {
  const id = await course('once', { rule: 'ONCE' }, 'course')
  for (const [name, key] of [
    ['begun', 'a'],
    ['begun', 'a'],
    ['left', 'a'],
    ['begun', 'a'],
    ['begun', 'b'],
  ])
    await stage.event('ann', `once.${name}`, { course: key })
  await heard(stage, 'ann', 5)
  expect(await states(id)).toEqual(['a COMPLETED', 'b WAITING'])
  expect(await refusals(stage, 'ann')).toEqual([
    { code: 'refused_reentry', data: { rule: 'ONCE' } },
    { code: 'refused_reentry', data: { rule: 'ONCE' } },
  ])
})

describe('ONE_AT_A_TIME', () => {
  test('is the rule where none is given: not while one is running, again once it has ended', async () => {
    const id = await course('single', null, 'course')
    for (const [name, key] of [
      ['begun', 'a'],
      ['begun', 'a'],
      ['begun', 'b'],
      ['left', 'a'],
      ['begun', 'a'],
    ])
      await stage.event('ben', `single.${name}`, { course: key })
    await heard(stage, 'ben', 5)
    expect(await states(id)).toEqual(['a COMPLETED', 'a WAITING', 'b WAITING'])
    expect(await refusals(stage, 'ben')).toEqual([{ code: 'refused_reentry', data: { rule: 'ONE_AT_A_TIME', reason: 'active' } }])
  })

  test('notWithin counts from the last entry, of that key', async () => {
    const id = await course('soon', { rule: 'ONE_AT_A_TIME', notWithin: 'P1D' }, 'course')
    for (const [name, key] of [
      ['begun', 'a'],
      ['left', 'a'],
      ['begun', 'a'],
      ['begun', 'b'],
    ])
      await stage.event('cid', `soon.${name}`, { course: key })
    await heard(stage, 'cid', 4)
    expect(await states(id)).toEqual(['a COMPLETED', 'b WAITING'])
    expect(await refusals(stage, 'cid')).toEqual([{ code: 'refused_reentry', data: { rule: 'ONE_AT_A_TIME', reason: 'not_within' } }])
  })

  test('notWithin passes', async () => {
    const id = await course('later', { rule: 'ONE_AT_A_TIME', notWithin: 'PT0.5S' })
    const both = await until(async () => {
      await stage.event('dan', 'later.begun')
      await stage.event('dan', 'later.left')
      const all = await look(stage, id)
      return all.length > 1 && all
    })
    expect(Date.parse(both[1]?.enteredAt ?? '') - Date.parse(both[0]?.enteredAt ?? '')).toBeGreaterThanOrEqual(500)
  })
})

describe('EVERY_TIME', () => {
  test('lets in once per event, side by side, and what ends one of them ends them all', async () => {
    const id = await course('always', { rule: 'EVERY_TIME' })
    for (let n = 0; n < 3; n++) await stage.event('eve', 'always.begun')
    await heard(stage, 'eve', 3)
    expect(await states(id)).toEqual(['WAITING', 'WAITING', 'WAITING'])
    await stage.event('eve', 'always.left')
    await seen(stage, id, 'eve', hasEnded)
    expect(await states(id)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED'])
  })

  test('the same event sent twice is one', async () => {
    const id = await course('retried', { rule: 'EVERY_TIME' })
    const send = () =>
      stage.client.run<{ ingestEvents: { accepted: number; duplicates: number } }>(
        'mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted duplicates } }',
        { events: [{ messageId: 'retry-1', name: 'retried.begun', contact: { externalId: 'fay' } }] },
      )
    expect((await send()).ingestEvents).toEqual({ accepted: 1, duplicates: 0 })
    expect((await send()).ingestEvents).toEqual({ accepted: 0, duplicates: 1 })
    await stage.event('fay', 'retried.left')
    await heard(stage, 'fay', 2)
    expect(await states(id)).toEqual(['COMPLETED'])
    expect(await refusals(stage, 'fay')).toEqual([])
  })
})

test('whoever has left already does not enter, nor by an event of yesterday or one without the key', async () => {
  const id = await course('closed', { rule: 'EVERY_TIME' }, 'course')
  const ago = (millis: number) => new Date(Date.now() - millis).toISOString()
  const send = (name: string, occurredAt: string, properties: object) =>
    stage.client.run('mutation ($events: [EventInput!]!) { ingestEvents(input: { events: $events }) { accepted rejected { index } } }', {
      events: [{ messageId: name + occurredAt, name: `closed.${name}`, contact: { externalId: 'gus' }, occurredAt, properties }],
    })
  await send('cancelled', ago(60_000), { course: 'a' })
  await send('begun', ago(120_000), { course: 'a' })
  await send('begun', ago(30_000), { course: 'a' })
  await send('begun', ago(90_000), { course: 'b' })
  await send('begun', ago(25 * 3_600_000), { course: 'c' })
  await send('begun', ago(0), {})
  await heard(stage, 'gus', 6)
  expect(await states(id)).toEqual(['a WAITING', 'b WAITING'])
  expect(await refusals(stage, 'gus')).toMatchObject([
    { code: 'refused_exit_event', data: { event: 'closed.cancelled' } },
    { code: 'refused_filter', data: { missing: 'course' } },
    { code: 'refused_stale' },
  ])
})
