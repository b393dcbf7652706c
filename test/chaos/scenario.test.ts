import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { smallPlan } from './plans.ts'
import { runScenario } from './scenario.ts'

test('killed, crashed and refused at random moments, it loses nothing and repeats only what it may, flagged', { timeout: 240_000 }, async () => {
  const seed = randomBytes(4).toString('hex')
  const plan = smallPlan(seed)
  // The same once more: npm run chaos -- --small --seed SEED
  const outcome = await runScenario({ ...plan, seed, say: () => {} })
  expect(outcome.violations, `seed ${seed}`).toEqual([])
  expect([...outcome.disrupted.values()].reduce((sum, times) => sum + times, 0)).toBe(plan.disruptions.length)
  expect(outcome.counts.enrollments).toBe(plan.people * (plan.cartsEach + 1))
})
