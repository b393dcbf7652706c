import { cpus } from 'node:os'
import type { TestDatabase } from '../support/database.ts'
import { startCluster } from './cluster.ts'
import { type Figure, misses, table } from './figure.ts'
import { benchIdle } from './idle.ts'
import { benchIngest } from './ingest.ts'
import { benchLatency } from './latency.ts'
import { benchLoop, benchLoopInMemory } from './loop.ts'
import { benchSend, SEND_PROVIDERS } from './send.ts'
import { benchSteps } from './steps.ts'
import { benchWebhookIn } from './webhook-in.ts'

/** Each benchmark with the names of its figures and the size at which it is measured. In the order they run. */
const BENCHMARKS: readonly { figures: readonly string[]; run(database: TestDatabase): Promise<Figure[]> }[] = [
  { figures: ['ingest'], run: (database) => benchIngest(database, { events: 20_000, warmUp: 40_000, rounds: 21 }) },
  { figures: ['steps', 'steps-vs-naive'], run: (database) => benchSteps(database, { due: 20_000, naive: 400, warmUp: 3, rounds: 13 }) },
  { figures: ['loop'], run: (database) => benchLoop(database, { loops: 3_000, rounds: 5 }) },
  { figures: ['loop-memory'], run: (database) => benchLoopInMemory(database, { loops: 3_000, rounds: 5 }) },
  ...SEND_PROVIDERS.map((provider) => ({ figures: [`send-${provider}`], run: () => benchSend(provider, { messages: 1_500, rounds: 5 }) })),
  { figures: ['webhook-in'], run: (database) => benchWebhookIn(database, { callbacks: 10_000, rounds: 5 }) },
  { figures: ['latency', 'latency-median'], run: (database) => benchLatency(database, { events: 1_200, perSecond: 200, rounds: 5 }) },
  { figures: ['idle', 'idle-cpu'], run: (database) => benchIdle(database, { waiting: 100_000, seconds: 10 }) },
]

const arguments_ = process.argv.slice(2)
const json = arguments_.includes('--json')
const only = arguments_.includes('--only') ? arguments_[arguments_.indexOf('--only') + 1] : undefined
const chosen = BENCHMARKS.filter((each) => only === undefined || each.figures.includes(only))
const say = (line: string) => {
  if (!json) process.stdout.write(`${line}\n`)
}

const cluster = await startCluster()
const figures: Figure[] = []
try {
  say(`PostgreSQL ${cluster.version}, fsync on; Node ${process.versions.node}; ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}`)
  for (const each of chosen) {
    const database = await cluster.openDatabase()
    const started = Date.now()
    try {
      const measured = await each.run(database)
      figures.push(...measured)
      for (const figure of measured) if (json) process.stdout.write(`${JSON.stringify(figure)}\n`)
    } finally {
      await database.close()
    }
    say(`${each.figures.join(', ')}: ${((Date.now() - started) / 1_000).toFixed(0)} s`)
  }
} finally {
  await cluster.stop()
}
say(`\n${table(figures)}`)
const missed = figures.filter(misses)
if (missed.length > 0) say(`\nFloors missed: ${missed.map((each) => each.name).join(', ')}`)
process.exit(missed.length > 0 && arguments_.includes('--enforce') ? 1 : 0)
