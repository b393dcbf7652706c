import type { PgBoss } from 'pg-boss'
import type { Pacer } from '../src/lanes/pacer.ts'
import type { JobData } from '../src/queue/boss.ts'

/** One job lasts this long, then ends and sends itself again: an operator sees it live, and can drain it. */
const SHIFT = 600_000

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
  await boss.work<JobData['ring']>('ring', { batchSize: 1, pollingIntervalSeconds: 2 }, async ([job]) => {
    // The job of a worker that is gone: completing it is all there is to do.
    if (job === undefined || job.data.worker !== worker || stopped) return
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
    if (!stopped) await boss.send('ring', { worker })
    done()
  })
  await boss.send('ring', { worker })
  return {
    async stop() {
      stopped = true
      endShift?.()
      await ended
    },
  }
}
