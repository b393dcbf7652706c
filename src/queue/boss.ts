import { PgBoss } from 'pg-boss'
import type { Client } from '../store/ask.ts'
import { notify } from '../store/queries/notify.ts'
import { run } from '../store/sql.ts'

/** Every queue, with what becomes of its jobs. Never one job per contact per step. */
export const QUEUES = {
  /** A worker's ticking, as one long job that ends and sends itself again: visible, drainable, stoppable. */
  ring: { retryLimit: 1_000_000, retryDelay: 1, expireInSeconds: 3_600, heartbeatSeconds: 10, deleteAfterSeconds: 3_600 },
  /** Message ids to dispatch. The net under the worker that planned them: it dispatches them itself, at once. */
  send: {
    retryLimit: 1_000,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 60,
    expireInSeconds: 300,
    heartbeatSeconds: 20,
    deleteAfterSeconds: 3_600,
  },
  /** Thaws a resumed journey, a bounded batch at a time. */
  resume: { retryLimit: 100, retryDelay: 5, expireInSeconds: 900, heartbeatSeconds: 20, deleteAfterSeconds: 86_400 },
  /** Starts the clocks of an inactivity trigger for contacts that are there already. */
  seed: { retryLimit: 100, retryDelay: 5, expireInSeconds: 900, heartbeatSeconds: 20, deleteAfterSeconds: 86_400 },
  /** Lets out everybody inside an archived journey, a bounded batch at a time. */
  archive: { retryLimit: 100, retryDelay: 5, expireInSeconds: 3_600, heartbeatSeconds: 20, deleteAfterSeconds: 86_400 },
  /** Hands a broadcast to its audience, ten minutes at a time. */
  broadcast: { retryLimit: 1_000, retryDelay: 5, expireInSeconds: 900, heartbeatSeconds: 20, deleteAfterSeconds: 86_400 },
  /** Partitions, retention, stranded hand-overs and unmatched callbacks. */
  upkeep: { retryLimit: 3, retryDelay: 10, expireInSeconds: 900, deleteAfterSeconds: 86_400 },
} as const
export type Queue = keyof typeof QUEUES

export interface JobData {
  ring: { worker: string }
  send: { ids: string[] }
  resume: { workspaceId: string; journeyId: string; policy: 'RESCHEDULE' | 'SEND_LATE' | 'SKIP' }
  seed: { workspaceId: string; journeyId: string; versionId: string }
  archive: { workspaceId: string; journeyId: string }
  /** Only the broadcast's own runner goes on: whoever resumes it names another. */
  broadcast: { broadcastId: string; runner: string }
  upkeep: Record<string, never>
}

/**
 * A pg-boss on its own small pool. `supervise` is for workers: expired and silent jobs come back in about
 * half a minute with both intervals low, in a quarter of an hour with the defaults. Every look is five statements.
 */
export function openBoss(url: string, options: { supervise: boolean; onError: (error: Error) => void }): PgBoss {
  const boss = new PgBoss({
    connectionString: url,
    application_name: 'throughline queue',
    max: options.supervise ? 4 : 2,
    supervise: options.supervise,
    schedule: options.supervise,
    superviseIntervalSeconds: 20,
    monitorIntervalSeconds: 20,
    cronMonitorIntervalSeconds: 45,
    cronWorkerIntervalSeconds: 45,
    reindex: false,
    monitorVacuum: false,
  })
  boss.on('error', options.onError)
  boss.on('warning', () => {})
  return boss
}

/** Workers listen here; the payload is a queue that has a new job. pg-boss's own LISTEN would be a second listening connection a process. */
export const JOBS_CHANNEL = 'throughline_jobs'

/** Sends a job in the caller's transaction, and wakes the workers of its queue when that commits. */
export async function sendAndWake(boss: PgBoss, queue: Queue, data: object, client: Client, startAfter?: Date): Promise<void> {
  await boss.send(queue, data, { ...(startAfter === undefined ? {} : { startAfter }), db: onClient(client) })
  await notify(client, JOBS_CHANNEL, [queue])
}

/** Both roles put jobs on queues inside their own transactions. */
const GRANTS = `
GRANT USAGE ON SCHEMA pgboss TO throughline_api, throughline_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgboss TO throughline_api, throughline_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgboss TO throughline_api, throughline_worker;`

/** Installs pg-boss and the queues that are not there yet, as the database's owner; safe to run by many at once. */
export async function installQueues(url: string): Promise<void> {
  const boss = openBoss(url, { supervise: false, onError: () => {} })
  try {
    await boss.start()
    const present = new Set((await boss.getQueues()).map((queue) => queue.name))
    for (const name of Object.keys(QUEUES) as Queue[]) {
      if (!present.has(name)) await boss.createQueue(name, QUEUES[name])
    }
    await boss.getDb().executeSql(GRANTS)
  } finally {
    await boss.stop({ graceful: false })
  }
}

const names = new Map<string, string>()

/**
 * Lets pg-boss take part in a transaction of ours. Its few texts are prepared under names of ours: planning one takes longer than running it.
 * `asked` is called when it has given its statement: what is asked after that runs after it, and need not wait for its answer.
 */
export function onClient(client: Client, asked: () => void = () => {}) {
  return {
    async executeSql(text: string, values: unknown[] = []) {
      const name = names.get(text) ?? `boss_${names.size}`
      names.set(text, name)
      const rows = run(client, { name, text }, values)
      asked()
      return { rows: await rows }
    },
  }
}
