import { dispatchNow, enqueueSends, openFinisher } from '../../jobs/send.ts'
import { openDispatcher, type SendOne } from '../../src/lanes/dispatch.ts'
import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { startPacer } from '../../src/lanes/pacer.ts'
import { openBoss } from '../../src/queue/boss.ts'
import { listen } from '../../src/realtime/listener.ts'
import { WAKE_CHANNEL } from '../../src/store/queries/inbox.ts'
import type { TestDatabase } from '../support/database.ts'
import { LANES, openTickPool } from './cluster.ts'

export interface BenchRing {
  stop(): Promise<void>
}

/** A worker's turning parts, composed as in jobs/worker.ts, with a sender of the benchmark's choice. */
export async function startRing(database: TestDatabase, send: SendOne): Promise<BenchRing> {
  const pool = database.worker
  let failure: unknown = null
  const onError = (error: unknown) => {
    failure ??= error
  }
  const ticks = openTickPool(database.url, onError)
  const boss = openBoss(database.url, { supervise: false, onError })
  await boss.start()
  const dispatcher = openDispatcher({ pool, lanes: LANES, sockets: 32, send, onError })
  const finisher = openFinisher(boss, onError)
  const pacer = startPacer(
    { pool: ticks, lanes: LANES, rowsPerLane: 250, book: openJourneyBook(), enqueueSends: (client, ids) => enqueueSends(boss, client, ids) },
    {
      pollEvery: 1_000,
      concurrency: 3,
      onTicked: (ticked) => {
        for (const batch of ticked.sends) dispatchNow(finisher, dispatcher, batch)
      },
      onError,
    },
  )
  const listener = listen(
    database.url,
    { [WAKE_CHANNEL]: (payload) => pacer.wake(payload.split(',').map(Number)) },
    { name: 'bench listener', onReconnect: () => pacer.lookAgain(), onError },
  )
  await listener.ready
  return {
    async stop() {
      await pacer.stop()
      await dispatcher.drain()
      await finisher.flush()
      await listener.close()
      await boss.stop({ graceful: false })
      await ticks.end()
      if (failure !== null) throw failure
    },
  }
}
