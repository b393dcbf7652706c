import type { PgBoss } from 'pg-boss'
import type { Pacer } from '../src/lanes/pacer.ts'
import type { JobData } from '../src/queue/boss.ts'
import { onceThere } from '../src/store/sql.ts'

/** One job lasts this long, then ends and sends itself again: an operator sees it live, and can drain it. */
const SHIFT = 600_000
/** A worker that has had no shift for so long asks for one. */
const WITHOUT_SHIFT = 60_000

export interface RingJob {
  /** Ends the shift; resolves when the job is completed. */
  stop(): Promise<void>
}

/**
 * The worker's ticking as a pg-boss job. The job makes the worker visible and stoppable; that the ring turns
 * does not depend on it: the pacer runs as long as the process does, and a killed worker's lanes are free.
 */
export async function workRing(boss: PgBoss, worker: string, pacer: Pacer): Promise<RingJob> {
  let endShift: (() => void) | null = null
  let stopped = false
  let ended: Promise<void> = Promise.resolve()
  let overdue: NodeJS.Timeout | undefined
  const expectShift = () => {
    clearTimeout(overdue)
    if (!stopped) overdue = setTimeout(() => void ask().catch(() => {}), WITHOUT_SHIFT)
  }
  const ask = async () => {
    expectShift()
    if (!stopped) await boss.send('ring', { worker })
  }
  await boss.work<JobData['ring']>('ring', { batchSize: 1, pollingIntervalSeconds: 5 }, async ([job]) => {
    if (job === undefined || stopped) return
    clearTimeout(overdue)
    pacer.lookAgain()
    let done = () => {}
    ended = new Promise((resolve) => {
      done = resolve
    })
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, SHIFT)
      endShift = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    // The job of a worker that died comes back and waits: whoever ends a shift next takes that on instead of sending another.
    if (!stopped && ((await boss.getQueue('ring'))?.readyCount ?? 0) === 0) await ask()
    else expectShift()
    done()
  })
  await onceThere(ask, () => {})
  return {
    async stop() {
      stopped = true
      clearTimeout(overdue)
      endShift?.()
      await ended
    },
  }
}
