import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { largePlan, smallPlan } from './plans.ts'
import { runScenario } from './scenario.ts'

/** `npm run chaos -- [--small] [--seed SEED]`: prints what the providers' log and the API say; ends with 1 where a promise was broken. */
const { values } = parseArgs({ options: { small: { type: 'boolean', default: false }, seed: { type: 'string' } } })
const seed = values.seed ?? randomBytes(4).toString('hex')
const plan = values.small ? smallPlan(seed) : largePlan(seed)
const started = Date.now()
const say = (line: string) => process.stdout.write(`${line}\n`)
const seconds = (millis: number) => `${(millis / 1_000).toFixed(1)} s`

say(`seed ${seed}: ${plan.people} people, ${plan.people * (plan.cartsEach + 1)} enrollments, ${plan.disruptions.length} disruptions`)
const { violations, counts, disrupted, drained, errors } = await runScenario({
  ...plan,
  seed,
  say: (line) => say(`${seconds(Date.now() - started).padStart(8)}  ${line}`),
})
const rows: [string, string][] = [
  ...[...disrupted].sort().map(([what, times]): [string, string] => [what, String(times)]),
  ...Object.entries(counts).map(([what, times]): [string, string] => [what, String(times)]),
  ['until nothing was left to do', seconds(drained)],
  ['promises broken', String(violations.length)],
]
const width = Math.max(...rows.map(([what]) => what.length))
say(`\n${rows.map(([what, value]) => `${what.padEnd(width)}  ${value.padStart(8)}`).join('\n')}`)
if (errors.size > 0) say(`\nlogged as errors:\n${[...errors].map(([error, times]) => `${String(times).padStart(6)} × ${error}`).join('\n')}`)
if (violations.length > 0) {
  say(`\nbroken with seed ${seed}:\n${violations.slice(0, 100).join('\n')}`)
  process.exitCode = 1
}
