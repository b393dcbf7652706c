import type { PgBoss } from 'pg-boss'
import type { Dispatcher } from '../src/lanes/dispatch.ts'
import type { JobData } from '../src/queue/boss.ts'
import { onClient } from '../src/queue/boss.ts'
import type { Client } from '../src/store/ask.ts'

/** The worker that planned the messages has this long to dispatch them before another may. */
const HEAD_START_SECONDS = 10

/** Puts a batch on the queue in the tick's own transaction, as `Ring` has it; returns the job's id. */
export async function enqueueSends(boss: PgBoss, client: Client, ids: readonly string[], asked?: () => void): Promise<string> {
  const created = await boss.send('send', { ids: [...ids] }, { startAfter: HEAD_START_SECONDS, db: onClient(client, asked) })
  return created ?? ''
}

export interface Finisher {
  /** Takes a job whose work is done off the queue, soon. */
  finish(jobId: string): void
  /** Takes off what is waiting to be. */
  flush(): Promise<void>
}

/** A job that is taken off late, or never because the process died, finds nothing left to do: many go in one statement. */
const FINISH_EVERY = 200

export function openFinisher(boss: PgBoss, onError: (error: unknown) => void): Finisher {
  let finished: string[] = []
  let timer: NodeJS.Timeout | null = null
  const flush = async () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const ids = finished
    finished = []
    if (ids.length > 0) await boss.complete('send', ids, null, { includeQueued: true }).catch(onError)
  }
  return {
    finish(jobId) {
      finished.push(jobId)
      timer ??= setTimeout(flush, FINISH_EVERY)
    },
    flush,
  }
}

/** Dispatches a batch at once, by the worker whose tick planned it, and takes its job off the queue. */
export function dispatchNow(finisher: Finisher, dispatcher: Dispatcher, batch: { jobId: string; ids: string[] }): void {
  dispatcher.add(batch.ids, (marked) => {
    // Left on the queue where marking failed: the job is the net.
    if (marked && batch.jobId !== '') finisher.finish(batch.jobId)
  })
}

/** The net: whatever is still planned ten seconds later, because the worker that planned it died. */
export async function workSends(boss: PgBoss, dispatcher: Dispatcher): Promise<void> {
  await boss.work<JobData['send']>('send', { batchSize: 10, pollingIntervalSeconds: 5, burstWhenBatchFull: true }, async (jobs) => {
    await new Promise<void>((done, fail) =>
      dispatcher.add(
        jobs.flatMap((job) => job.data.ids),
        (marked) => (marked ? done() : fail(new UnmarkedError())),
      ),
    )
  })
}

/** Makes pg-boss try the batch again; never leaves this file. */
class UnmarkedError extends Error {
  constructor() {
    super('some messages could not be marked; the batch is tried again')
  }
}
