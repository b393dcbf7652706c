import type pg from 'pg'
import { expireGuards, makePartitions } from '../src/store/queries/upkeep.ts'

/** Hourly: next months' partitions, and guards that no retry will ask for any more. */
export async function keepHouse(pool: pg.Pool, lanes: number): Promise<void> {
  await makePartitions(pool)
  await expireGuards(
    pool,
    Array.from({ length: lanes }, (_, lane) => lane),
  )
}
