import { setImmediate } from 'node:timers/promises'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { laneOf } from '../../src/domain/ids.ts'
import { deliver } from '../../src/lanes/inbox.ts'
import { type Pacer, type PacerOptions, startPacer } from '../../src/lanes/pacer.ts'
import type { Ring } from '../../src/lanes/tick.ts'
import { chain, delay, EVERY_LANE, email, externalIdIn, LANES, on, testRing, testWorkspace } from '../support/ring.ts'
import { until } from '../support/until.ts'

/** Longer than a test may take: what happens, happens for another reason than the poll. */
const NEVER = 600_000

const world = testRing()
const workspace = testWorkspace(world)
let pacer: Pacer
const errors: unknown[] = []

beforeEach(async () => {
  errors.length = 0
})
afterEach(() => pacer.stop())

function start(ring: Partial<Ring> = {}, options: Partial<PacerOptions> = {}): Pacer {
  pacer = startPacer(
    { ...world.ring, ...ring },
    { pollEvery: NEVER, concurrency: 2, onTicked: () => {}, onError: (error) => errors.push(error), ...options },
  )
  return pacer
}

const send = (...externalIds: string[]) =>
  deliver(
    world.database.worker,
    externalIds.map((externalId) => workspace.event(externalId, 'seen')),
    LANES,
  )
const heard = async () => {
  const [row] = await world.rows<{ n: number }>('SELECT count(*)::int AS n FROM event WHERE workspace_id = $1', [workspace.id])
  return row?.n
}
const hearing = (n: number) => until(async () => (await heard()) === n)

test('looks at once for what was there before it started, and then ticks the lanes it is woken for', async () => {
  await send('before')
  start()
  await hearing(1)
  const id = externalIdIn(workspace.id, 7)
  await send(id)
  pacer.wake([7])
  await hearing(2)
  expect(await world.rows('SELECT DISTINCT lane FROM contact WHERE workspace_id = $1 AND external_id = $2', [workspace.id, id])).toEqual([
    { lane: 7 },
  ])
  await pacer.stop()
  expect(pacer.ticks).toBe(2)
})

test('looks at every lane when told to, whatever it had been about to do', async () => {
  await send('first')
  start()
  await hearing(1)
  await send('second', 'third')
  pacer.lookAgain()
  await hearing(3)
})

test('finds by itself what nobody told it of', async () => {
  await send('first')
  start({}, { pollEvery: 10 })
  await hearing(1)
  await send('second')
  await hearing(2)
})

test('goes on with a lane until it is empty, however little one tick takes', async () => {
  start({ rowsPerLane: 2 })
  await send(...Array.from({ length: 7 }, (_, n) => externalIdIn(workspace.id, 11, n)))
  pacer.wake([11])
  await hearing(7)
  expect(await world.rows('SELECT 1 FROM inbox')).toEqual([])
})

test('ticks when a timer falls due that one of its ticks has set, and one that was there when it looked', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1S')]))
  const ended = (n: number) => until(async () => (await workspace.enrollments(journeyId)).filter((each) => each.status === 'COMPLETED').length === n)
  start()
  await send('set-by-its-tick')
  pacer.wake(EVERY_LANE)
  await ended(1)
  await pacer.stop()
  await workspace.post(workspace.event('found-by-its-look', 'seen'))
  expect((await workspace.enrollments(journeyId)).map((each) => each.status).sort()).toEqual(['ACTIVE', 'COMPLETED'])
  start()
  await ended(2)
})

test('what falls due in lanes whose inboxes keep it busy is found none the less', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), delay('PT1S')]))
  start()
  await send('waits')
  const waitsNoMore = async () => (await workspace.enrollments(journeyId)).some((each) => each.status === 'COMPLETED')
  for (let more = 0; !(await waitsNoMore()); more++) {
    await send(`more-${more}`)
    pacer.wake(EVERY_LANE)
  }
  expect(errors).toEqual([])
  await pacer.stop()
  // Whoever waits still would be due in the tests to come.
  await world.rows('DELETE FROM enrollment')
  await world.rows('DELETE FROM inbox')
})

test('runs no more ticks at a time than it may, and never two over one lane', async () => {
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const ids = EVERY_LANE.map((lane) => externalIdIn(workspace.id, lane))
  for (const id of ids) await workspace.contact(id, ['email'])
  let inside = 0
  let most = 0
  const open: (() => void)[] = []
  const ring: Partial<Ring> = {
    async enqueueSends() {
      most = Math.max(most, ++inside)
      await new Promise<void>((done) => open.push(done))
      inside--
      return ''
    },
  }
  await send(...ids)
  const taken: number[] = []
  start(ring, { onTicked: (ticked) => taken.push(...ticked.lanes) })
  await until(async () => open.length === 2)
  // Every lane is being ticked: being woken for them starts nothing more.
  pacer.wake(EVERY_LANE)
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  expect(open).toHaveLength(2)
  for (const go of open.splice(0)) go()
  await hearing(LANES)
  expect(most).toBe(2)
  expect([...new Set(taken)].sort((a, b) => a - b)).toEqual(EVERY_LANE)
  expect(await world.rows('SELECT count(*)::int AS n FROM message WHERE workspace_id = $1', [workspace.id])).toEqual([{ n: LANES }])
})

test('what comes while a tick lasts is not held up by it', async () => {
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const [slow, quick] = [externalIdIn(workspace.id, 3), externalIdIn(workspace.id, 5)]
  await workspace.contact(slow, ['email'])
  let go = () => {}
  start({
    enqueueSends: () =>
      new Promise((done) => {
        go = () => done('')
      }),
  })
  const under = () =>
    until(
      async () => (await world.rows(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`)).length > 0,
    )
  await send(slow)
  pacer.wake([3])
  await under()
  await send(quick)
  pacer.wake([5])
  await hearing(1)
  go()
  await hearing(2)
})

test('a tick that fails changes nothing, is reported, and its lanes are found again', async () => {
  const { journeyId } = await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  await workspace.contact('ada', ['email'])
  const fault = new TypeError('the queue is away')
  const queued: string[] = []
  await send('ada')
  start({
    async enqueueSends(_client, ids) {
      if (errors.length === 0) throw fault
      queued.push(...ids)
      return ''
    },
  })
  await until(async () => queued.length > 0)
  await hearing(1)
  expect(errors).toEqual([fault])
  expect(await workspace.messages(journeyId)).toEqual([{ id: queued[0], node: 'mail', status: 'PLANNED', failure_code: null }])
})

test('a lane whose ticks fail holds up no other, and goes on once they do not', async () => {
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  const ids = [3, 5, 9].map((lane) => externalIdIn(workspace.id, lane))
  for (const id of ids) await workspace.contact(id, ['email'])
  const fault = new TypeError('this lane cannot be ticked')
  let broken = true
  const failed: string[][] = []
  await send(...ids)
  start({
    async enqueueSends(_client, messages) {
      if (!broken || !messages.some((id) => laneOf(id) === 5)) return ''
      failed.push([...messages])
      throw fault
    },
  })
  await hearing(2)
  // With the others once, and then alone.
  await until(async () => failed.length > 2)
  expect(failed.map((each) => each.length).slice(0, 3)).toEqual([3, 1, 1])
  expect(await world.rows('SELECT lane FROM inbox')).toEqual([{ lane: 5 }])
  broken = false
  await hearing(3)
  expect(new Set(errors)).toEqual(new Set([fault]))
})

test('a lane whose ticks fail is tried again in time, whatever else is looked for meanwhile', async () => {
  let attempts = 0
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  await workspace.contact('ada', ['email'])
  await send('ada')
  const restless = setInterval(() => pacer.lookAgain(), 10)
  start({
    async enqueueSends() {
      if (++attempts < 3) throw new TypeError('this lane cannot be ticked')
      clearInterval(restless)
      return ''
    },
  })
  await hearing(1)
  expect(errors.length).toBe(2)
})

test('a look that fails is reported and tried again', async () => {
  const { worker } = world.database
  const fault = new TypeError('the database is away')
  const pool = Object.assign(Object.create(worker), {
    query: (asked: pg.QueryConfig) => (errors.length === 0 ? Promise.reject(fault) : worker.query(asked)),
  })
  await send('ada')
  start({ pool })
  await hearing(1)
  expect(errors).toEqual([fault])
})

test('who asks it to look while it looks is not forgotten', async () => {
  const { worker } = world.database
  let release = () => {}
  let looks = 0
  const held = new Promise<void>((done) => {
    release = done
  })
  const pool = Object.assign(Object.create(worker), {
    async query(asked: pg.QueryConfig) {
      const result = await worker.query(asked)
      if (++looks === 1) await held
      return result
    },
  })
  start({ pool })
  await until(async () => looks === 1)
  await send('ada')
  pacer.lookAgain()
  await new Promise((next) => setTimeout(next, 5))
  release()
  await hearing(1)
})

test('stopping waits for the tick under way and takes nothing new', async () => {
  await workspace.publish(chain([on('seen'), email(await workspace.template('email'))]))
  await workspace.contact('ada', ['email'])
  let release = () => {}
  let entered = false
  const held = new Promise<void>((done) => {
    release = done
  })
  await send('ada')
  start({
    async enqueueSends() {
      entered = true
      await held
      return ''
    },
  })
  await until(async () => entered)
  let stopped = false
  const stopping = pacer.stop().then(() => {
    stopped = true
  })
  await send('grace')
  pacer.wake(EVERY_LANE)
  pacer.lookAgain()
  expect([stopped, await heard()]).toEqual([false, 0])
  release()
  await stopping
  expect([pacer.ticks, await heard()]).toEqual([1, 1])
  expect(await world.rows('SELECT reference FROM inbox')).toEqual([{ reference: 'external:grace' }])
  await world.rows('DELETE FROM inbox')
})
