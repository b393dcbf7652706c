import { enqueueSends } from '../../jobs/send.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { tick } from '../../src/lanes/tick.ts'
import { openBoss } from '../../src/queue/boss.ts'
import { LANES, openTickPool } from './cluster.ts'

/**
 * A worker's ticks in a process of their own: at each message it ticks its lanes, `DATABASE_URL`'s, shares of them side by side,
 * until nothing is due, and answers how many steps that were.
 */
const url = process.env.DATABASE_URL ?? ''
const shares = JSON.parse(process.env.SHARES ?? '[]') as number[][]
const fail = (error: Error) => {
  throw error
}
const pool = openTickPool(url, fail)
const boss = openBoss(url, { supervise: false, onError: fail })
await boss.start()
const ring = {
  pool,
  lanes: LANES,
  rowsPerLane: 250,
  book: openJourneyBook(),
  enqueueSends: (client: Parameters<typeof enqueueSends>[1], ids: readonly string[]) => enqueueSends(boss, client, ids),
}

process.on('message', async () => {
  const steps = await Promise.all(
    shares.map(async (lanes) => {
      let done = 0
      for (let more = true; more; ) {
        const ticked = await tick(ring, lanes)
        done += ticked.steps
        more = ticked.taken > 0
      }
      return done
    }),
  )
  process.send?.(steps.reduce((sum, each) => sum + each, 0))
})
process.on('disconnect', async () => {
  await boss.stop({ graceful: false })
  await pool.end()
})
process.send?.('ready')
