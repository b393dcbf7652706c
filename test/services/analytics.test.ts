import { afterAll, beforeAll, expect, test } from 'vitest'
import { addMessages, durationPercentiles, journeyNumbers, timeSeries, waitingNow } from '../../src/services/analytics.ts'
import type { Caller } from '../../src/services/context.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import { openTestServices, type TestServices } from '../support/services.ts'

let here: TestServices
beforeAll(async () => {
  here = await openTestServices()
})
afterAll(() => here.close())

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 2, 10, 12)
const NOTHING = { planned: 0, sent: 0, delivered: 0, opened: 0, clicked: 0, replied: 0, failed: 0, bounced: 0, suppressed: 0, unknown: 0 }

type Count = [node: string, metric: string, n: number, amount?: number]
async function count(caller: Caller, journeyId: string, versionId: string, at: number, lane: number, counts: Count[]): Promise<void> {
  for (const [node, metric, n, amount = 0] of counts) {
    await here.database.owner.query(
      'INSERT INTO node_stats (lane, version_id, node, metric, hour, workspace_id, journey_id, n, amount) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      [lane, versionId, node, metric, new Date(at), caller.workspaceId, journeyId, n, amount],
    )
  }
}

async function enrolled(caller: Caller, journeyId: string, versionId: string, rows: { node: string | null; lasted?: number }[]): Promise<void> {
  for (const { node, lasted } of rows) {
    await here.database.owner.query(
      `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, node, state, entered_at, ended_at) VALUES (7, $1, $2, $3, $4, $5, $6, $7, '{}', $8, $9)`,
      [
        newLanedId(7),
        caller.workspaceId,
        journeyId,
        versionId,
        newLanedId(7),
        node === null ? 'COMPLETED' : 'ACTIVE',
        node,
        new Date(NOON),
        lasted === undefined ? null : new Date(NOON + lasted),
      ],
    )
  }
}

/** Two versions of one journey, two lanes, two hours, and another journey that must not be counted in. */
async function counted(): Promise<{ caller: Caller; journeyId: string; first: string; second: string }> {
  const caller = await here.workspace()
  const [journeyId, first, second] = [newId(), newId(), newId()]
  await count(caller, journeyId, first, NOON, 1, [
    ['', 'started', 10],
    ['', 'completed', 2, 4_000],
    ['', 'goal', 3, 59.7],
    ['', 'failed', 1, 500],
    ['say', 'entered', 8],
    ['say', 'left:next', 5],
    ['say', 'left:failed', 1],
    ['say', 'ended', 2],
    ['say', 'planned@email', 7],
    ['say', 'suppressed@email', 1],
    ['say', 'suppressed:no_consent', 1],
    ['say', 'sent@email', 6, 0.06],
    ['say', 'failed@email', 4],
    ['say', 'opened@email', 2],
    ['say', 'machine_opened@email', 5],
    ['say', 'sent@sms', 1, 0.5],
  ])
  await count(caller, journeyId, first, NOON, 2, [
    ['', 'started', 5],
    ['say', 'entered', 1],
    ['say', 'left:next', 1],
    ['say', 'sent@email', 1, 0.02],
    ['say', 'delivered@email', 1],
  ])
  await count(caller, journeyId, second, NOON + HOUR, 1, [
    ['', 'started', 100],
    ['', 'converted', 1, 1_000],
    ['', 'exited', 1, 1_500],
    ['wait', 'entered', 100],
  ])
  await count(caller, newId(), newId(), NOON, 1, [
    ['', 'started', 7_000],
    ['say', 'sent@email', 7_000],
  ])
  return { caller, journeyId, first, second }
}

test('a journey’s numbers are summed over lanes, hours and versions', async () => {
  const { caller, journeyId } = await counted()
  const { nodes, ...whole } = await journeyNumbers(here.services, caller, { journeyId, versionId: null, range: null })
  expect(whole).toEqual({
    started: 115,
    completed: 2,
    converted: 1,
    exited: 1,
    failed: 1,
    averageDuration: 1_400,
    goals: 3,
    revenue: 59.7,
    cost: 0.58,
  })
  expect(nodes).toEqual(
    new Map([
      [
        'say',
        {
          entered: 9,
          left: new Map([
            ['next', 6],
            ['failed', 1],
          ]),
          suppressed: new Map([['no_consent', 1]]),
          channels: new Map([
            ['email', { ...NOTHING, planned: 7, suppressed: 1, sent: 7, failed: 4, opened: 2, delivered: 1 }],
            ['sms', { ...NOTHING, sent: 1 }],
          ]),
        },
      ],
      ['wait', { entered: 100, left: new Map(), suppressed: new Map(), channels: new Map() }],
    ]),
  )
})

test('one version’s numbers are its own; a range takes its first hour and not its last', async () => {
  const { caller, journeyId, first, second } = await counted()
  const started = async (versionId: string | null, from?: number, to?: number) =>
    (
      await journeyNumbers(here.services, caller, {
        journeyId,
        versionId,
        range: from === undefined || to === undefined ? null : { from: new Date(from), to: new Date(to) },
      })
    ).started
  expect([await started(first), await started(second), await started(newId())]).toEqual([15, 100, 0])
  expect([
    await started(null, NOON, NOON + HOUR),
    await started(null, NOON + HOUR, NOON + 2 * HOUR),
    await started(null, NOON, NOON + 2 * HOUR),
    await started(null, NOON - HOUR, NOON),
  ]).toEqual([15, 100, 115, 0])
})

test('nobody and nothing: zeros, and no averages', async () => {
  const caller = await here.workspace()
  const journeyId = newId()
  expect(await journeyNumbers(here.services, caller, { journeyId, versionId: null, range: null })).toEqual({
    started: 0,
    completed: 0,
    converted: 0,
    exited: 0,
    failed: 0,
    averageDuration: null,
    goals: 0,
    revenue: 0,
    cost: 0,
    nodes: new Map(),
  })
  expect(await durationPercentiles(here.services, caller, journeyId)).toBeNull()
  expect(await waitingNow(here.services, caller, { journeyId, versionId: null })).toEqual(new Map())
})

test('another workspace sees none of it', async () => {
  const { caller, journeyId, first } = await counted()
  await enrolled(caller, journeyId, first, [{ node: 'wait' }, { node: null, lasted: 1_000 }])
  const other = await here.workspace()
  expect((await journeyNumbers(here.services, other, { journeyId, versionId: null, range: null })).started).toBe(0)
  expect(
    await timeSeries(here.services, other, { journeyId, node: null, range: { from: new Date(0), to: new Date(NOON + 5 * HOUR) }, bucket: 'hour' }),
  ).toEqual([])
  expect(await durationPercentiles(here.services, other, journeyId)).toBeNull()
  expect(await waitingNow(here.services, other, { journeyId, versionId: null })).toEqual(new Map())
})

test('who rests where, and how long it took those who are through', async () => {
  const caller = await here.workspace()
  const [journeyId, first, second] = [newId(), newId(), newId()]
  await enrolled(caller, journeyId, first, [
    { node: 'wait' },
    { node: 'wait' },
    { node: 'say' },
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => ({ node: null, lasted: n * 1_000 })),
  ])
  await enrolled(caller, journeyId, second, [{ node: 'wait' }, { node: null, lasted: 100_000 }])
  expect(await waitingNow(here.services, caller, { journeyId, versionId: null })).toEqual(
    new Map([
      ['wait', 3],
      ['say', 1],
    ]),
  )
  expect(await waitingNow(here.services, caller, { journeyId, versionId: second })).toEqual(new Map([['wait', 1]]))
  expect((await durationPercentiles(here.services, caller, journeyId, first))?.map(Math.round)).toEqual([6_000, 10_000, 10_900])
  expect(await durationPercentiles(here.services, caller, journeyId, second)).toEqual([100_000, 100_000, 100_000])
  expect((await durationPercentiles(here.services, caller, journeyId))?.[0]).toBe(6_500)
})

test('a series has a point for each bucket in which something was counted, in order', async () => {
  const caller = await here.workspace()
  const [journeyId, versionId] = [newId(), newId()]
  const midnight = Date.UTC(2026, 2, 11)
  await count(caller, journeyId, versionId, midnight - HOUR, 1, [
    ['', 'started', 1],
    ['say', 'sent@email', 1],
    ['say', 'sent@sms', 1],
  ])
  await count(caller, journeyId, versionId, midnight, 1, [['', 'started', 3]])
  await count(caller, journeyId, versionId, midnight, 2, [
    ['', 'started', 4],
    ['say', 'left:next', 9],
  ])
  await count(caller, journeyId, versionId, midnight + HOUR, 1, [['', 'started', 5]])
  await count(caller, journeyId, versionId, midnight + 2 * HOUR, 1, [['', 'started', 100]])
  const series = (node: string | null, bucket: 'hour' | 'day') =>
    timeSeries(here.services, caller, { journeyId, node, bucket, range: { from: new Date(midnight - HOUR), to: new Date(midnight + 2 * HOUR) } })
  expect(await series('', 'hour')).toEqual([
    { at: new Date(midnight - HOUR), metric: 'started', n: 1 },
    { at: new Date(midnight), metric: 'started', n: 7 },
    { at: new Date(midnight + HOUR), metric: 'started', n: 5 },
  ])
  expect(await series('', 'day')).toEqual([
    { at: new Date(midnight - 24 * HOUR), metric: 'started', n: 1 },
    { at: new Date(midnight), metric: 'started', n: 12 },
  ])
  expect(await series('say', 'day')).toEqual([{ at: new Date(midnight - 24 * HOUR), metric: 'sent', n: 2 }])
  expect((await series(null, 'day')).map(({ metric, n }) => [metric, n])).toEqual([
    ['sent', 2],
    ['started', 1],
    ['started', 12],
  ])
})

test('over all nodes, people the journey failed and messages that failed are told apart', async () => {
  const { caller, journeyId } = await counted()
  const points = await timeSeries(here.services, caller, {
    journeyId,
    node: null,
    bucket: 'day',
    range: { from: new Date(NOON), to: new Date(NOON + HOUR) },
  })
  expect(points.filter((each) => each.metric.includes('failed')).map(({ metric, n }) => [metric, n])).toEqual([
    ['failed', 1],
    ['message_failed', 4],
  ])
  const own = await timeSeries(here.services, caller, {
    journeyId,
    node: 'say',
    bucket: 'day',
    range: { from: new Date(NOON), to: new Date(NOON + HOUR) },
  })
  expect(own.find((each) => each.metric === 'failed')?.n).toBe(4)
})

test('messages of several nodes add up, and nothing adds up to nothing', () => {
  expect(
    addMessages([
      { ...NOTHING, sent: 1, opened: 1 },
      { ...NOTHING, sent: 2, bounced: 3 },
    ]),
  ).toEqual({ ...NOTHING, sent: 3, opened: 1, bounced: 3 })
  expect(addMessages([])).toEqual(NOTHING)
})
