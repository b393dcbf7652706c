import { expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { compared, type Figure, median, misses, quantile, table } from './figure.ts'
import { benchIdle } from './idle.ts'
import { benchIngest } from './ingest.ts'
import { benchLatency } from './latency.ts'
import { benchLoop, benchLoopInMemory } from './loop.ts'
import { benchSend, SEND_PROVIDERS } from './send.ts'
import { benchSteps } from './steps.ts'
import { benchWebhookIn } from './webhook-in.ts'

const BENCHMARKS: Record<string, (database: Awaited<ReturnType<typeof openTestDatabase>>) => Promise<Figure[]>> = {
  ingest: (database) => benchIngest(database, { events: 200, warmUp: 200, rounds: 1 }),
  'steps, steps-vs-naive': (database) => benchSteps(database, { due: 60, naive: 4, warmUp: 1, rounds: 1 }),
  loop: (database) => benchLoop(database, { loops: 5, rounds: 1 }),
  'loop-memory': (database) => benchLoopInMemory(database, { loops: 5, rounds: 1 }),
  ...Object.fromEntries(SEND_PROVIDERS.map((provider) => [`send-${provider}`, () => benchSend(provider, { messages: 20, rounds: 1 })])),
  'webhook-in': (database) => benchWebhookIn(database, { callbacks: 50, rounds: 1 }),
  'latency, latency-median': (database) => benchLatency(database, { events: 4, perSecond: 50, rounds: 2 }),
  'idle, idle-cpu': (database) => benchIdle(database, { waiting: 100, seconds: 1 }),
}

test.each(Object.entries(BENCHMARKS))('%s gives its figures', async (names, run) => {
  const database = await openTestDatabase()
  try {
    const figures = await run(database)
    expect(figures.map((figure) => figure.name).join(', ')).toBe(names)
    for (const figure of figures) {
      expect(Number.isFinite(figure.value), figure.name).toBe(true)
      expect(figure.value, figure.name).toBeGreaterThanOrEqual(0)
      if (figure.ratio !== null) expect(Number.isFinite(figure.ratio) && figure.ratio > 0, figure.name).toBe(true)
    }
  } finally {
    await database.close()
  }
})

test('medians, quantiles and verdicts are what they say', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), quantile([5, 1, 3, 2, 4], 0.99), quantile([5, 1, 3, 2, 4], 0.5)]).toEqual([2, 2.5, 5, 3])
  const half = compared(
    'half',
    'x/s',
    [
      { value: 1, baseline: 2 },
      { value: 9, baseline: 10 },
      { value: 2, baseline: 4 },
    ],
    { floor: 0.5, aim: 0.8 },
  )
  expect(half).toEqual({ name: 'half', unit: 'x/s', value: 2, baseline: 4, ratio: 0.5, floor: 0.5, aim: 0.8, lowerIsBetter: false })
  expect([misses(half), misses({ ...half, floor: 0.51 }), misses({ ...half, ratio: null, value: 3, floor: 2, lowerIsBetter: true })]).toEqual([
    false,
    true,
    true,
  ])
  expect(table([half])).toBe('figure  value  unit  baseline  ratio  floor  aim\nhalf     2.00  x/s       4.00   0.50  ≥ 0.5  0.8  floor reached')
})
