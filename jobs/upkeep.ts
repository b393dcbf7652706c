import type pg from 'pg'
import { tidyCallbacks } from '../src/services/unmatched-callbacks.ts'
import { expireGuards, makePartitions } from '../src/store/queries/upkeep.ts'

/** Hourly: next months' partitions, guards that no retry will ask for any more, and callbacks whose message was not known. */
export async function keepHouse(pool: pg.Pool, lanes: number): Promise<void> {
  await makePartitions(pool)
  await expireGuards(
    pool,
    Array.from({ length: lanes }, (_, lane) => lane),
  )
  await tidyCallbacks(pool, lanes)
}
