import { hashFraction } from '../../src/domain/hash.ts'
import { CUTS, type Disruption, PROVIDER_FAULTS } from './disruptions.ts'
import type { Plan } from './scenario.ts'

type Size = Omit<Plan, 'seed' | 'say'>

/** Every kind of disruption meets work of every kind, in less than a minute on two cores. */
export function smallPlan(seed: string): Size {
  const disruptions: Disruption[] = [
    'kill a worker',
    'freeze a worker',
    'kill the API',
    'crash PostgreSQL',
    'kill every worker while it sends pushes',
    'provider: 429',
    'provider: reset after',
    'provider: 503',
    'provider: hangs',
  ]
  return { people: 40, cartsEach: 3, workers: 2, disruptions: shuffled(disruptions, seed), gap: 600, hurry: true, patience: 60_000 }
}

/** 10,000 enrollments; more than a hundred workers killed and twenty stopped, PostgreSQL crashed twenty times, each provider fault four times. */
export function largePlan(seed: string): Size {
  const disruptions = [
    ...repeat<Disruption>('kill a worker', 85),
    ...CUTS.flatMap((cut) => repeat<Disruption>(cut, 4)),
    ...repeat<Disruption>('freeze a worker', 20),
    ...repeat<Disruption>('kill the API', 20),
    ...repeat<Disruption>('crash PostgreSQL', 20),
    ...PROVIDER_FAULTS.flatMap((fault) => repeat<Disruption>(fault, 4)),
  ]
  return { people: 2_500, cartsEach: 3, workers: 2, disruptions: shuffled(disruptions, seed), gap: 1_500, hurry: false, patience: 180_000 }
}

const repeat = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value)

function shuffled(disruptions: readonly Disruption[], seed: string): Disruption[] {
  return disruptions
    .map((disruption, n) => ({ disruption, at: hashFraction(seed, 'order', String(n)) }))
    .sort((a, b) => a.at - b.at)
    .map(({ disruption }) => disruption)
}
