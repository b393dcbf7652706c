import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startWorker } from '../../jobs/worker.ts'
import type { TestDatabase } from '../support/database.ts'
import { LANES } from './cluster.ts'
import type { Figure } from './figure.ts'
import { layFixture } from './fixture.ts'

export interface IdleSize {
  waiting: number
  seconds: number
}

/**
 * A whole worker, pg-boss included, beside enrollments of which none is due: statements a second and the share
 * of one CPU. Every `pg` client of this process is counted; nothing else runs in it meanwhile.
 */
export async function benchIdle(database: TestDatabase, size: IdleSize): Promise<Figure[]> {
  const { vault, workspaceId } = await layFixture(database, 0, null)
  await database.owner.query(
    `INSERT INTO enrollment (lane, id, workspace_id, journey_id, version_id, contact_id, status, node, due_at, state, entered_at)
      SELECT n % ${LANES}, gen_random_uuid(), $1, $2, $2, gen_random_uuid(), 'ACTIVE', 'pause', now() + interval '1 day' + n * interval '1 second', '{}', now() FROM generate_series(1, $3::int) AS n`,
    [workspaceId, randomUUID(), size.waiting],
  )
  await database.owner.query('VACUUM ANALYZE enrollment')
  const silent = () => {}
  const worker = await startWorker({
    databaseUrl: database.url,
    lanes: LANES,
    publicUrl: 'http://127.0.0.1:1',
    rowsPerLane: 250,
    sendConcurrency: 32,
    vault,
    log: { info: silent, warn: silent, error: silent },
  })
  try {
    await sleep(Math.min(5_000, size.seconds * 1_000))
    const counter = countStatements()
    const before = process.cpuUsage()
    const started = performance.now()
    await sleep(size.seconds * 1_000)
    const elapsed = performance.now() - started
    const { user, system } = process.cpuUsage(before)
    const statements = counter.stop()
    if (process.env.BENCH_TRACE) for (const [text, n] of [...statements].sort((a, b) => b[1] - a[1])) process.stderr.write(`${n} ${text}\n`)
    const total = [...statements.values()].reduce((sum, n) => sum + n, 0)
    const figure = { baseline: null, ratio: null, lowerIsBetter: true }
    return [
      { name: 'idle', value: (total / elapsed) * 1_000, unit: 'queries/s', ...figure, floor: 2.5, aim: 0.5 },
      { name: 'idle-cpu', value: (user + system) / 10 / elapsed, unit: '% of a CPU', ...figure, floor: 1, aim: 0.5 },
    ]
  } finally {
    await worker.stop()
  }
}

/** Counts what every client sends, by the beginning of its text. */
function countStatements() {
  const counts = new Map<string, number>()
  const prototype = pg.Client.prototype as { query: (...given: unknown[]) => unknown }
  const query = prototype.query
  prototype.query = function (this: unknown, ...given: unknown[]) {
    const [first] = given as [string | { text?: string; name?: string }]
    const text = (typeof first === 'string' ? first : (first.name ?? first.text ?? '')).replace(/\s+/g, ' ').trim().slice(0, 60)
    counts.set(text, (counts.get(text) ?? 0) + 1)
    return query.apply(this, given)
  }
  return {
    stop() {
      prototype.query = query
      return counts
    },
  }
}
