import { expect, test } from 'vitest'
import { type Plan, runScenario } from './scenario.ts'

/** Large enough that every disruption meets work of every kind, small enough for a minute. */
const SMALL: Omit<Plan, 'seed'> = {
  people: 30,
  cartsEach: 3,
  workers: 2,
  disruptions: [],
  gap: 1_000,
  hurry: true,
  patience: 60_000,
  say: () => {},
}

test('nothing is lost and nothing comes twice while nothing goes wrong', { timeout: 150_000 }, async () => {
  const outcome = await runScenario({ ...SMALL, seed: 'calm' })
  expect(outcome.violations).toEqual([])
  expect(outcome.counts).toMatchObject({ enrollments: 120, 'messages ever in doubt': 0, 'messages in doubt and held, flagged': 0 })
})
