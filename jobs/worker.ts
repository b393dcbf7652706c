import { randomUUID } from 'node:crypto'
import { openDispatcher } from '../src/lanes/dispatch.ts'
import { openJourneyBook } from '../src/lanes/journeys.ts'
import { startPacer } from '../src/lanes/pacer.ts'
import type { Ring } from '../src/lanes/tick.ts'
import { JOBS_CHANNEL, type JobData, openBoss, type Queue } from '../src/queue/boss.ts'
import { listen } from '../src/realtime/listener.ts'
import { matchCallbacks } from '../src/services/unmatched-callbacks.ts'
import { WAKE_CHANNEL } from '../src/store/queries/inbox.ts'
import { makePartitions } from '../src/store/queries/upkeep.ts'
import { isDatabaseAway, onceThere, openPool } from '../src/store/sql.ts'
import type { Vault } from '../src/store/vault.ts'
import { emptyJourney } from './archive.ts'
import { runBroadcast } from './broadcast.ts'
import { resumeJourney } from './resume.ts'
import { workRing } from './ring.ts'
import { seedWatches } from './seed.ts'
import { dispatchNow, enqueueSends, openFinisher, workSends } from './send.ts'
import { openSender } from './sender.ts'
import { sweepStranded } from './stranded.ts'
import { keepHouse } from './upkeep.ts'
import { startWebhooks } from './webhooks.ts'

export interface WorkerOptions {
  databaseUrl: string
  lanes: number
  publicUrl: string
  rowsPerLane: number
  sendConcurrency: number
  /** As src/config.ts has them; none where left out. */
  privateHosts?: readonly string[]
  vault: Vault
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void }
}

export interface Worker {
  id: string
  /** Takes nothing new, finishes what is under way (25 seconds at most), closes everything. */
  stop(): Promise<void>
}

const SWEEP_EVERY = 10_000
/** Seconds; the backstop for a lost NOTIFY, and the longest delay of a retry. */
const IDLE_POLL = 20
const LONGEST_STOP = 25_000
/** At a time. */
const TICKS = 3

/** One worker: ticks any lane that has work, dispatches what its ticks planned, and shares the queues with its peers. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const id = randomUUID()
  const { databaseUrl, lanes, log } = options
  const onError = (error: unknown) => {
    if (isDatabaseAway(error)) log.warn({ error: (error as Error).message }, 'the database is away; trying again')
    else log.error({ error }, 'a job failed; what it had not committed is found again')
  }
  const pool = openPool(databaseUrl, { role: 'throughline_worker', max: 6, name: 'throughline worker', onError })
  // A connection a tick, and one for the look-outs in between.
  const tickPool = openPool(databaseUrl, { role: 'throughline_worker', max: TICKS + 1, name: 'throughline ticks', unhurried: true, onError })
  const boss = openBoss(databaseUrl, { supervise: true, onError })
  await onceThere(() => boss.start(), onError)
  const sender = openSender({ pool, vault: options.vault, publicUrl: options.publicUrl, privateHosts: options.privateHosts })
  const dispatcher = openDispatcher({ pool, lanes, sockets: options.sendConcurrency, send: sender.send, onError })
  const finisher = openFinisher(boss, onError)
  const webhooks = startWebhooks({ pool, vault: options.vault, renderer: sender.renderer, lanes, privateHosts: options.privateHosts ?? [], onError })
  const ring: Ring = {
    pool: tickPool,
    lanes,
    rowsPerLane: options.rowsPerLane,
    book: openJourneyBook((version) => log.error(version, 'a version cannot be run by this build: its journey stands still, and loses nothing')),
    enqueueSends: (client, ids, asked) => enqueueSends(boss, client, ids, asked),
  }
  const pacer = startPacer(ring, {
    pollEvery: 2_000,
    concurrency: TICKS,
    onTicked: (ticked) => {
      for (const batch of ticked.sends) dispatchNow(finisher, dispatcher, batch)
      if (ticked.lost > 0) log.warn({ n: ticked.lost }, 'inbox rows named contacts that do not exist')
    },
    onError,
  })
  const queueWorkers = new Map<string, string>()
  const wakeQueue = (queue: string) => {
    const queueWorker = queueWorkers.get(queue)
    if (queueWorker !== undefined) boss.notifyWorker(queueWorker)
  }
  const listener = listen(
    databaseUrl,
    { [WAKE_CHANNEL]: (payload) => pacer.wake(payload.split(',').map(Number)), [JOBS_CHANNEL]: (queue) => wakeQueue(queue), ...webhooks.channels },
    {
      name: 'throughline worker listener',
      onReconnect() {
        pacer.lookAgain()
        webhooks.lookAgain()
      },
      onError,
    },
  )
  await listener.ready
  const ringJob = await workRing(boss, id, pacer)
  await workSends(boss, dispatcher)
  queueWorkers.set('resume', await work(boss, 'resume', (data) => resumeJourney(pool, lanes, data)))
  queueWorkers.set('seed', await work(boss, 'seed', (data) => seedWatches(pool, lanes, data)))
  const broadcast = async (data: JobData['broadcast']) => {
    if (await runBroadcast(pool, lanes, data)) await boss.send('broadcast', data)
  }
  queueWorkers.set('broadcast', await work(boss, 'broadcast', broadcast))
  queueWorkers.set('archive', await work(boss, 'archive', (data) => emptyJourney(pool, lanes, data)))
  await work(boss, 'upkeep', () => keepHouse(pool, lanes))
  await onceThere(() => boss.schedule('upkeep', '17 * * * *'), onError)
  // After a long rest the months ahead have no partitions yet, and the hour's turn may come too late.
  await makePartitions(pool).catch(onError)
  let sweeping: Promise<unknown> = Promise.resolve()
  const sweeper = setInterval(() => {
    sweeping = sweepStranded(pool, lanes, sender.lookUp)
      .then(() => matchCallbacks(pool, lanes))
      .catch(onError)
  }, SWEEP_EVERY)
  log.info({ worker: id, lanes }, 'worker started')

  const finish = async () => {
    clearInterval(sweeper)
    await ringJob.stop()
    await boss.stop({ graceful: true, close: false, timeout: 5_000 })
    await pacer.stop()
    await Promise.all([dispatcher.drain(), webhooks.stop()])
    await finisher.flush()
    await sweeping
  }
  let stopping: Promise<void> | null = null
  return {
    id,
    stop() {
      stopping ??= (async () => {
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<void>((done) => {
          timer = setTimeout(done, LONGEST_STOP)
        })
        await Promise.race([finish().catch(onError), late])
        clearTimeout(timer)
        await listener.close()
        await boss.stop({ graceful: false, close: true }).catch(() => {})
        await sender.close()
        await Promise.all([pool.end(), tickPool.end()])
      })()
      return stopping
    },
  }
}

async function work<Q extends Queue & ('resume' | 'seed' | 'archive' | 'broadcast' | 'upkeep')>(
  boss: Awaited<ReturnType<typeof openBoss>>,
  queue: Q,
  handle: (data: JobData[Q]) => Promise<unknown>,
): Promise<string> {
  return boss.work<JobData[Q]>(queue, { batchSize: 1, pollingIntervalSeconds: IDLE_POLL }, async ([job]) => {
    if (job) await handle(job.data)
  })
}
