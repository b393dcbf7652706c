import type { PgBoss } from 'pg-boss'
import type { Dispatcher } from '../src/lanes/dispatch.ts'
import type { JobData } from '../src/queue/boss.ts'
import { onClient } from '../src/queue/boss.ts'
import type { Client } from '../src/store/sql.ts'

/** The worker that planned the messages has this long to dispatch them before another may. */
const HEAD_START_SECONDS = 10

/** Puts a batch on the queue in the tick's own transaction; returns the job's id. */
export async function enqueueSends(boss: PgBoss, client: Client, ids: readonly string[]): Promise<string> {
  const created = await boss.send('send', { ids: [...ids] }, { startAfter: HEAD_START_SECONDS, db: onClient(client) })
  return created ?? ''
}

/** Dispatches a batch at once, by the worker whose tick planned it, and takes its job off the queue. */
export function dispatchNow(boss: PgBoss, dispatcher: Dispatcher, batch: { jobId: string; ids: string[] }, onError: (error: unknown) => void): void {
  dispatcher.add(batch.ids, (marked) => {
    // Left on the queue where marking failed: the job is the net.
    if (marked && batch.jobId !== '') boss.complete('send', batch.jobId, null, { includeQueued: true }).catch(onError)
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
