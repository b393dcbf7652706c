import { expect, test } from 'vitest'
import { type Runner, startRunner } from '../../jobs/webhooks-runner.ts'
import { until } from '../support/until.ts'

/** Rows in a list, requests that end when the test says so. */
function stand(options: {
  rows?: number
  sockets?: number
  pollEvery?: number
  perform?: (row: number) => Promise<string>
  settle?: (n: number) => Promise<number | null>
}) {
  const left = Array.from({ length: options.rows ?? 0 }, (_, n) => n)
  const log = { asked: [] as number[], under: [] as number[], settled: [] as number[], batches: [] as number[], errors: [] as unknown[], closed: 0 }
  const ends = new Map<number, () => void>()
  let claimFault: Error | null = null
  const runner: Runner = startRunner<number, string>({
    sockets: options.sockets ?? 3,
    pollEvery: options.pollEvery ?? 600_000,
    close: async () => {
      log.closed += 1
    },
    async claim(most) {
      log.asked.push(most)
      if (claimFault !== null) {
        const fault = claimFault
        claimFault = null
        throw fault
      }
      const rows = left.splice(0, most)
      return { rows, full: rows.length === most }
    },
    perform:
      options.perform ??
      ((row) =>
        new Promise((resolve) => {
          log.under.push(row)
          ends.set(row, () => resolve(`done ${row}`))
        })),
    async settle(done) {
      const next = (await options.settle?.(log.batches.length)) ?? null
      log.batches.push(done.length)
      log.settled.push(...done.map(({ row }) => row))
      return next
    },
    onError: (error) => void log.errors.push(error),
  })
  return {
    runner,
    left,
    log,
    end: (row: number) => ends.get(row)?.(),
    failClaim: (error: Error) => {
      claimFault = error
    },
  }
}

test('no more is claimed than there are sockets, and more when one is free', async () => {
  const one = stand({ rows: 5, sockets: 2 })
  await until(async () => one.log.under.length === 2)
  expect([one.runner.inFlight, one.left]).toEqual([2, [2, 3, 4]])
  one.end(0)
  await until(async () => one.log.under.includes(2))
  expect([one.log.asked, one.runner.inFlight]).toEqual([[2, 1], 2])
  one.left.length = 0
  one.end(1)
  one.end(2)
  await one.runner.stop()
  expect([...one.log.settled].sort()).toEqual([0, 1, 2])
})

test('who has nothing to do asks again only when woken', async () => {
  const one = stand({})
  await until(async () => one.log.asked.length === 1)
  one.left.push(7)
  one.runner.wake()
  await until(async () => one.log.under.length === 1)
  expect(one.log.asked).toEqual([3, 3])
  one.end(7)
  await one.runner.stop()
  one.left.push(8)
  one.runner.wake()
  expect([one.log.asked.length, one.log.settled]).toEqual([2, [7]])
})

test('or when it is time: by the poll, and when the soonest retry is due', async () => {
  const polling = stand({ pollEvery: 5 })
  await until(async () => polling.log.asked.length >= 3)
  await polling.runner.stop()
  const retrying = stand({
    rows: 1,
    perform: async () => 'later',
    async settle(n) {
      if (n > 0) return null
      retrying.left.push(1)
      return 5
    },
  })
  await until(async () => retrying.log.settled.length === 2)
  await retrying.runner.stop()
})

test('a claim that fails is made again, and a request that throws is left to its claim', async () => {
  const one = stand({ perform: async (row) => (row === 1 ? Promise.reject(new Error('no keys')) : 'ok') })
  await until(async () => one.log.asked.length === 1)
  one.failClaim(new Error('away'))
  one.left.push(1, 2)
  one.runner.wake()
  await until(async () => one.log.settled.length === 1)
  expect([one.log.settled, one.log.errors.map(String)]).toEqual([[2], ['Error: away', 'Error: no keys']])
  expect(one.runner.inFlight).toBe(0)
  await one.runner.stop()
})

test('what cannot be stored yet is stored later, together with what came in meanwhile, and stopping waits for it', async () => {
  let faults = 2
  const one = stand({
    rows: 3,
    sockets: 3,
    settle: async () => {
      if (faults-- > 0) throw new Error('away')
      return null
    },
  })
  await until(async () => one.log.under.length === 3)
  one.end(0)
  one.end(1)
  one.end(2)
  await one.runner.stop()
  expect([[...one.log.settled].sort(), one.log.batches.length <= 2, one.log.errors.length]).toEqual([[0, 1, 2], true, 2])
})

test('a worker that stops while nothing can be stored leaves it to the claims, and comes to an end', async () => {
  const one = stand({ rows: 1, settle: () => Promise.reject(new Error('away for good')) })
  await until(async () => one.log.under.length === 1)
  const stopped = one.runner.stop()
  one.end(0)
  await stopped
  expect([one.log.settled, one.log.errors.length, one.log.closed]).toEqual([[], 6, 1])
})
