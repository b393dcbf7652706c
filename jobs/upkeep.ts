import type pg from 'pg'
import { tidyCallbacks } from '../src/services/unmatched-callbacks.ts'
import { forgetInApp } from '../src/store/queries/in-app.ts'
import { expireGuards, makePartitions } from '../src/store/queries/upkeep.ts'
import { expireDeliveries } from '../src/store/queries/webhook-deliveries.ts'

const BATCH = 5_000

/** Hourly: next months' partitions, guards that no retry will ask for any more, in-app messages long over, what endpoints were told, and callbacks whose message was not known. */
export async function keepHouse(pool: pg.Pool, lanes: number): Promise<void> {
  await makePartitions(pool)
  const everyLane = Array.from({ length: lanes }, (_, lane) => lane)
  await expireGuards(pool, everyLane)
  await forgetInApp(pool, everyLane)
  while ((await expireDeliveries(pool, BATCH)) === BATCH);
  await tidyCallbacks(pool, lanes)
}
