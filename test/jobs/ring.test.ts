import type { PgBoss } from 'pg-boss'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type RingJob, workRing } from '../../jobs/ring.ts'
import { openBoss } from '../../src/queue/boss.ts'
import { testRing } from '../support/ring.ts'
import { until } from '../support/until.ts'

/** How long a shift lasts, and how long a worker does without one: ended by the test, not by the clock. */
const SHIFT = 600_000
const WITHOUT_SHIFT = 60_000

const world = testRing()
const bosses: PgBoss[] = []
let timers: { delay: number; fire: () => void }[] = []

beforeEach(() => {
  const real = globalThis.setTimeout
  const mine = (callback: () => void, delay?: number, ...rest: unknown[]) => {
    // What is left of pg-boss's five seconds between two looks at the queue; nothing here is about how often it looks.
    const polling = delay !== undefined && delay > 4_000 && delay < 5_000
    if (delay !== SHIFT && delay !== WITHOUT_SHIFT) return real(callback, polling ? 20 : delay, ...(rest as []))
    timers.push({ delay, fire: callback })
    return real(() => {}, 0)
  }
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(mine as never)
})
afterEach(async () => {
  for (const boss of bosses.splice(0)) await boss.stop({ graceful: false })
  vi.restoreAllMocks()
  timers = []
  await world.rows(`DELETE FROM pgboss.job WHERE name = 'ring'`)
})

/** A worker that does nothing but its shifts; counts how often it was told to look at every lane. */
async function worker(name: string, lostJobs = 0): Promise<RingJob & { looks(): number }> {
  const boss = openBoss(world.database.url, { supervise: false, onError: () => {} })
  bosses.push(boss)
  await boss.start()
  const send = vi.spyOn(boss, 'send')
  for (let n = 0; n < lostJobs; n++) send.mockResolvedValueOnce(null)
  let looks = 0
  const pacer = { wake() {}, lookAgain: () => void looks++, stop: async () => {}, ticks: 0 }
  const job = await workRing(boss, name, pacer)
  return { stop: () => job.stop(), looks: () => looks }
}

/** Everything set to this delay goes off: a pool's own time-out may be among it. */
function pass(delay: number): void {
  const due = timers.filter((timer) => timer.delay === delay)
  timers = timers.filter((timer) => timer.delay !== delay)
  for (const timer of due) timer.fire()
}

const jobs = async () =>
  (await world.rows<{ job: string }>(`SELECT data->>'worker' || ' ' || state AS job FROM pgboss.job WHERE name = 'ring' ORDER BY created_on`)).map(
    (row) => row.job,
  )
const jobsAre = (...expected: string[]) => until(async () => JSON.stringify((await jobs()).sort()) === JSON.stringify(expected.sort()))

test('a worker shows as one active job, having looked at every lane once; told to stop, it completes the job and sends none', async () => {
  const ada = await worker('ada')
  await jobsAre('ada active')
  expect(ada.looks()).toBe(1)
  await ada.stop()
  await jobsAre('ada completed')
})

test('a shift that ends is followed by another', async () => {
  const ada = await worker('ada')
  await jobsAre('ada active')
  pass(SHIFT)
  await jobsAre('ada completed', 'ada active')
  expect(ada.looks()).toBe(2)
  await ada.stop()
  await jobsAre('ada completed', 'ada completed')
})

test('workers side by side have a job each, and one that stops takes nothing from the other', async () => {
  const [ada, grace] = [await worker('ada'), await worker('grace')]
  await jobsAre('ada active', 'grace active')
  await ada.stop()
  await until(async () => (await jobs()).filter((each) => each.endsWith('completed')).length === 1)
  expect((await jobs()).filter((each) => each.endsWith('active'))).toHaveLength(1)
  await grace.stop()
  await jobsAre('ada completed', 'grace completed')
})

test('a worker whose job was lost asks for another', async () => {
  const ada = await worker('ada', 1)
  pass(WITHOUT_SHIFT)
  await jobsAre('ada active')
  expect(ada.looks()).toBe(1)
  await ada.stop()
})

test('a job that comes after the worker was told to stop ends at once', async () => {
  const ada = await worker('ada')
  await jobsAre('ada active')
  await ada.stop()
  await bosses[0]?.send('ring', { worker: 'late' })
  await jobsAre('ada completed', 'late completed')
  expect(ada.looks()).toBe(1)
})
