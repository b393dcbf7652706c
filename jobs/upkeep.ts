import type pg from 'pg'
import { KEPT_FOR, matchCallbacks } from '../src/services/unmatched-callbacks.ts'
import { type Kept, RETENTION, sweep } from '../src/store/queries/retention.ts'
import { makePartitions } from '../src/store/queries/upkeep.ts'

const BATCH = 5_000
/** What is left over is an hour's work for the next time. */
const MOST_BATCHES = 1_000

/** Hourly: next months' partitions, callbacks whose message was not known, and what has been kept for long enough. */
export async function keepHouse(pool: pg.Pool, lanes: number): Promise<void> {
  await makePartitions(pool)
  await matchCallbacks(pool, lanes, KEPT_FOR)
  for (const table of Object.keys(RETENTION) as Kept[])
    for (let batch = 0; batch < MOST_BATCHES; batch++) if ((await sweep(pool, table, BATCH)) < BATCH) break
}
