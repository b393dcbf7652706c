import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { installQueues } from '../../src/queue/boss.ts'
import { startEmbedded } from '../../src/store/embedded.ts'
import { createDatabase, migrate } from '../../src/store/migrate.ts'
import { openPool } from '../../src/store/sql.ts'
import type { TestDatabase } from '../support/database.ts'

/** Of every database measured here. */
export const LANES = 64
export const EVERY_LANE: readonly number[] = Array.from({ length: LANES }, (_, lane) => lane)

export interface Cluster {
  version: string
  /** An empty database, migrated, with its queues. */
  openDatabase(): Promise<TestDatabase>
  stop(): Promise<void>
}

/** For baselines: the worker's role, two connections, and whatever plan PostgreSQL finds best. */
export const openRawPool = (url: string): pg.Pool =>
  new pg.Pool({ connectionString: url, options: '-c role=throughline_worker -c timezone=UTC', max: 2 })

/** As a worker has it for its ticks. */
export const openTickPool = (url: string, onError: (error: Error) => void): pg.Pool =>
  openPool(url, { role: 'throughline_worker', max: 4, name: 'bench ticks', unhurried: true, onError })

const SEGMENTS = 30

/**
 * The segments of the log that a database of some days' age has to use again. A young one makes each of them, in which time, 80 to
 * 150 ms, nobody commits.
 */
async function fillLog(maintenance: pg.Client): Promise<void> {
  for (let segment = 0; segment < SEGMENTS; segment++) {
    await maintenance.query(`SELECT pg_logical_emit_message(false, 'bench', 'the end of a segment')`)
    await maintenance.query('SELECT pg_switch_wal()')
  }
  await maintenance.query('CHECKPOINT')
}

/** A PostgreSQL of the run's own that writes to disk as in production: fsync costs are part of every figure. */
export async function startCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'throughline-bench-'))
  await chmod(directory, 0o755)
  const server = await startEmbedded(directory, { durable: true })
  const named = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  const template = named('template_bench')
  await createDatabase(template)
  await migrate(template, LANES)
  await installQueues(template)
  const maintenance = new pg.Client({ connectionString: server.url })
  await maintenance.connect()
  await fillLog(maintenance)
  const { rows } = await maintenance.query<{ version: string }>(`SELECT current_setting('server_version') AS version`)
  return {
    version: rows[0]?.version ?? '',
    async openDatabase() {
      const name = `bench_${randomBytes(4).toString('hex')}`
      await maintenance.query(`CREATE DATABASE ${name} TEMPLATE template_bench`)
      const url = named(name)
      let closing = false
      const fail = (error: Error) => {
        if (!closing) throw error
      }
      const owner = new pg.Pool({ connectionString: url, max: 3 })
      owner.on('error', fail)
      const worker = openPool(url, { role: 'throughline_worker', max: 8, name: 'bench worker', onError: fail })
      const api = openPool(url, { role: 'throughline_api', max: 6, name: 'bench api', onError: fail })
      return {
        url,
        owner,
        worker,
        api,
        async close() {
          closing = true
          await Promise.all([owner.end(), worker.end(), api.end()])
          await maintenance.query(`DROP DATABASE ${name} WITH (FORCE)`)
        },
      }
    },
    async stop() {
      await maintenance.end()
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
