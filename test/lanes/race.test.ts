import fc from 'fast-check'
import type pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { resumeJourney } from '../../jobs/resume.ts'
import type { Graph } from '../../src/domain/journey/graph.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { startPacer } from '../../src/lanes/pacer.ts'
import { type Ring, type Ticked, tick } from '../../src/lanes/tick.ts'
import { chain, delay, EVERY_LANE, email, LANES, on, type TestWorkspace, testRing } from '../support/ring.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000

const world = testRing()
let workspace: TestWorkspace
beforeEach(async () => {
  workspace = await world.workspace()
  world.planned.length = 0
})

/** Ticks until nothing is left. */
async function drain(): Promise<void> {
  while ((await workspace.tick()).taken > 0);
}

/** Resolves once a connection to this database waits for a lock that another holds. */
const somebodyWaits = () =>
  until(async () => (await world.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0)

/** When a tick certainly had its lanes to itself, by the order of things in this process. */
interface Hold {
  lanes: readonly number[]
  from: number
  to: number
}

/** A worker's ring that notes how long its ticks held their lanes. */
function watched(pool: pg.Pool, holds: Hold[], clock: { now: number }): (lanes: readonly number[]) => Promise<Ticked> {
  const book = openJourneyBook()
  return async (lanes) => {
    const hold = { lanes: [] as readonly number[], from: 0, to: 0 }
    const seen = () => {
      hold.to = ++clock.now
      hold.from ||= hold.to
    }
    const ring: Ring = {
      ...world.ring,
      pool,
      book: {
        configuration: (...given) => {
          seen()
          return book.configuration(...given)
        },
        versions: (...given) => {
          seen()
          return book.versions(...given)
        },
      },
      enqueueSends(client, ids, asked) {
        seen()
        return world.ring.enqueueSends(client, ids, asked)
      },
    }
    const ticked = await tick(ring, lanes)
    if (hold.from > 0) holds.push({ ...hold, lanes: ticked.lanes })
    return ticked
  }
}

/** The pool with the start of every statement left to fast-check: transactions interleave as it likes, each in its own order. */
function interleaved(pool: pg.Pool, scheduler: fc.Scheduler): pg.Pool {
  const connect = async () => {
    const client = await pool.connect()
    let turn: Promise<unknown> = Promise.resolve()
    return Object.assign(Object.create(client), {
      query(asked: pg.QueryConfig) {
        turn = turn.then(() => scheduler.schedule(Promise.resolve()))
        return turn.then(() => client.query(asked))
      },
      release: (error?: Error) => client.release(error),
    })
  }
  return Object.assign(Object.create(pool), { connect })
}

const EVENTS = ['seen', 'go', 'bought'] as const
type Happened = { contact: number; name: (typeof EVENTS)[number] }

/** What must come of it, told without a ring: per contact, its events in order. */
function foretold(history: readonly Happened[]): { everyTime: string[]; oneAtATime: string[]; messages: string[] } {
  const waiting: { contact: number; node: string | null; message: string | null }[] = []
  const single: { contact: number; active: boolean }[] = []
  for (const { contact, name } of history) {
    const here = waiting.filter((each) => each.contact === contact && each.node !== null)
    if (name === 'seen') {
      waiting.push({ contact, node: 'wait', message: null })
      if (!single.some((each) => each.contact === contact && each.active)) single.push({ contact, active: true })
    }
    if (name === 'go') for (const each of here) if (each.node === 'wait') Object.assign(each, { node: 'mail', message: 'PLANNED' })
    if (name === 'bought') {
      for (const each of here) Object.assign(each, { node: null, message: each.message === null ? null : 'CANCELLED' })
      for (const each of single) if (each.contact === contact) each.active = false
    }
  }
  return {
    everyTime: waiting.map((each) => `c${each.contact} ${each.node ?? 'EXITED'}`).sort(),
    oneAtATime: single.map((each) => `c${each.contact} ${each.active ? 'pause' : 'EXITED'}`).sort(),
    messages: waiting.flatMap((each) => (each.message === null ? [] : [`c${each.contact} ${each.message}`])).sort(),
  }
}

const standing = async (journeyId: string) =>
  (
    await world.rows<{ line: string }>(
      `SELECT c.external_id || ' ' || coalesce(e.node, e.status) AS line FROM enrollment e JOIN contact c ON c.lane = e.lane AND c.id = e.contact_id WHERE e.journey_id = $1`,
      [journeyId],
    )
  )
    .map((row) => row.line)
    .sort()

test('however the statements of several workers interleave, every step is taken once and in order', async () => {
  const happened = fc.record({ contact: fc.nat(2), name: fc.constantFrom(...EVENTS) })
  const plan = fc.array(fc.array(happened, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 12 })
  const shares = fc.array(fc.oneof(fc.constant(EVERY_LANE), fc.subarray([...EVERY_LANE], { minLength: 32 })), { minLength: 3, maxLength: 3 })
  let shared = 0
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), plan, shares, async (scheduler, batches, lanesOf) => {
      workspace = await world.workspace()
      const template = await workspace.template('email')
      const waits: Graph['nodes'][number] = { key: 'wait', kind: 'wait', config: { events: [{ name: 'go', event: 'go' }], timeout: 'P1D' } }
      const waiting = chain([on('seen'), waits, email(template)], { exitRules: [{ event: 'bought' }] })
      const everyTime = await workspace.publish({
        ...waiting,
        edges: [
          { from: 'start', port: 'next', to: 'wait' },
          { from: 'wait', port: 'go', to: 'mail' },
        ],
      })
      const oneAtATime = await workspace.publish(
        chain([on('seen'), delay('P1D')], { reentry: { rule: 'ONE_AT_A_TIME' }, exitRules: [{ event: 'bought' }] }),
      )
      for (let n = 0; n < 3; n++) await workspace.contact(`c${n}`, ['email'])
      world.planned.length = 0

      const holds: Hold[] = []
      const clock = { now: 0 }
      const pool = interleaved(world.database.worker, scheduler)
      const began = Date.now() - HOUR
      let nth = 0
      let fed = false
      const feeding = async () => {
        for (const batch of batches) {
          await scheduler.schedule(Promise.resolve())
          await deliver(
            world.database.worker,
            batch.map(({ contact, name }) => workspace.event(`c${contact}`, name, {}, began + 1_000 * nth++)),
            LANES,
          )
        }
        fed = true
      }
      const working = async (lanes: readonly number[]) => {
        const run = watched(pool, holds, clock)
        for (let last = false; !last; ) {
          last = fed
          await run(lanes)
        }
      }
      await scheduler.waitFor(Promise.all([feeding(), ...lanesOf.map(working)]))
      shared += holds.length
      await drain()

      const history = batches.flat()
      const expected = foretold(history)
      expect(await standing(everyTime.journeyId)).toEqual(expected.everyTime)
      expect(await standing(oneAtATime.journeyId)).toEqual(expected.oneAtATime)
      const messages = await world.rows<{ line: string; id: string }>(
        `SELECT m.id, c.external_id || ' ' || m.status AS line FROM message m JOIN contact c ON c.lane = m.lane AND c.id = m.contact_id WHERE m.workspace_id = $1`,
        [workspace.id],
      )
      expect(messages.map((each) => each.line).sort()).toEqual(expected.messages)
      // Whatever was handed to the senders is a message, and none was handed over twice.
      expect(new Set(world.planned).size).toBe(world.planned.length)
      expect(world.planned.filter((id) => !messages.some((each) => each.id === id))).toEqual([])
      expect(await world.rows('SELECT count(*)::int AS n FROM event WHERE workspace_id = $1', [workspace.id])).toEqual([{ n: history.length }])
      expect(
        await world.rows(
          `SELECT enrollment_id FROM journal WHERE workspace_id = $1 AND enrollment_id IS NOT NULL GROUP BY 1 HAVING count(*) <> max(seq) OR count(DISTINCT seq) <> count(*)`,
          [workspace.id],
        ),
      ).toEqual([])
      for (const [index, one] of holds.entries())
        for (const other of holds.slice(index + 1))
          if (one.lanes.some((lane) => other.lanes.includes(lane))) expect(one.to < other.from || other.to < one.from).toBe(true)
    }),
    { numRuns: 20 },
  )
  // The workers did the work, not the sweep after them.
  expect(shared).toBeGreaterThan(10)
})

test('a lane that is being ticked is left out by everybody else, and free again after a commit or a failure', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  await workspace.contact('ada', ['email'])
  await deliver(world.database.worker, [workspace.event('ada', 'seen')], LANES)
  const half = EVERY_LANE.filter((lane) => lane % 2 === 0)
  let end: (fault?: Error) => void = () => {}
  let inside = 0
  const holding: Ring = {
    ...world.ring,
    enqueueSends() {
      inside++
      return new Promise((done, fail) => {
        end = (fault) => (fault === undefined ? done('') : fail(fault))
      })
    },
  }
  const [row] = await world.rows<{ lane: number }>('SELECT lane FROM inbox')
  const mine = row?.lane ?? 0
  const others = EVERY_LANE.filter((lane) => lane !== mine)
  for (const fault of [new TypeError('the worker failed'), undefined]) {
    const before = inside
    const first = tick(holding, [mine]).catch((error: unknown) => error)
    await until(async () => inside > before)
    expect((await tick(world.ring, EVERY_LANE)).lanes).toEqual(others)
    expect((await tick(world.ring, [mine])).lanes).toEqual([])
    expect((await tick(world.ring, half)).lanes).toEqual(half.filter((lane) => lane !== mine))
    end(fault)
    const ended = await first
    if (fault !== undefined) expect(ended).toBe(fault)
    expect((await workspace.messages(journeyId)).length).toBe(fault === undefined ? 1 : 0)
  }
  expect((await tick(world.ring, EVERY_LANE)).lanes).toEqual(EVERY_LANE)
})

test('fifty identical triggers in fifty transactions, three workers awake: one enrollment and one message', async () => {
  const { journeyId } = await workspace.publish(
    chain([on('cart', { matchKey: 'id' }), email(await workspace.template('email'))], { reentry: { rule: 'ONE_AT_A_TIME' } }),
  )
  await workspace.contact('ada', ['email'])
  const errors: unknown[] = []
  const workers = Array.from({ length: 3 }, () =>
    startPacer(
      { ...world.ring, book: openJourneyBook() },
      { pollEvery: 5, concurrency: 2, onTicked: () => {}, onError: (error) => errors.push(error) },
    ),
  )
  await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      await deliver(world.database.worker, [workspace.event('ada', 'cart', { id: 'c1' })], LANES)
      workers[n % 3]?.wake(EVERY_LANE)
    }),
  )
  const heard = async () => (await world.rows('SELECT 1 FROM event WHERE workspace_id = $1', [workspace.id])).length
  await until(async () => (await heard()) === 50)
  await Promise.all(workers.map((worker) => worker.stop()))
  expect([errors, (await workspace.enrollments(journeyId)).length, (await workspace.messages(journeyId)).length]).toEqual([[], 1, 1])
  expect(world.planned).toHaveLength(1)
})

test('nobody who is unknown is made twice, however many workers meet them at once', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      await deliver(
        world.database.worker,
        Array.from({ length: 10 }, (_, n) => workspace.event(`new-${n}`, 'seen')),
        LANES,
      )
      await Promise.all([tick({ ...world.ring, book: openJourneyBook() }, EVERY_LANE), tick(world.ring, EVERY_LANE)])
    }),
  )
  await drain()
  expect(await world.rows('SELECT count(*)::int AS n FROM contact WHERE workspace_id = $1', [workspace.id])).toEqual([{ n: 10 }])
  expect(await workspace.enrollments(journeyId)).toHaveLength(100)
})

test('what a tick freezes while its journey is resumed is thawed with the rest', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1H')]))
  await workspace.post(workspace.event('ada', 'seen'))
  await workspace.publish(chain([on('other'), email(await workspace.template('email'))]))
  await workspace.contact('grace', ['email'])
  await world.rows(`UPDATE journey SET status = 'PAUSED' WHERE id = $1`, [journeyId])
  await workspace.pass(2 * HOUR)
  await deliver(world.database.worker, [workspace.event('grace', 'other')], LANES)
  let end = () => {}
  const freezing = tick(
    {
      ...world.ring,
      enqueueSends: () =>
        new Promise((done) => {
          end = () => done('')
        }),
    },
    EVERY_LANE,
  )
  const before = end
  await until(async () => end !== before)
  await world.rows(`UPDATE journey SET status = 'LIVE' WHERE id = $1`, [journeyId])
  const resuming = resumeJourney(world.database.worker, LANES, { workspaceId: workspace.id, journeyId, policy: 'SEND_LATE' })
  await somebodyWaits()
  end()
  await Promise.all([freezing, resuming])
  await workspace.pass(5)
  await drain()
  expect((await workspace.enrollments(journeyId)).map((each) => each.status)).toEqual(['COMPLETED'])
})
