import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { databaseNamed } from '../../src/store/migrate.ts'
import { openPool } from '../../src/store/sql.ts'

export interface TestDatabase {
  url: string
  /** As the tables' owner. */
  owner: pg.Pool
  worker: pg.Pool
  api: pg.Pool
  /** Closes the pools and drops the database; throws where a connection was left open, so that leaks fail the test. */
  close(): Promise<void>
}

/** A database of this test file's own, cloned from the migrated template. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const cluster = inject('clusterUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  const maintenance = new pg.Client({ connectionString: cluster })
  await maintenance.connect()
  await maintenance.query(`CREATE DATABASE ${name} TEMPLATE throughline_template STRATEGY FILE_COPY`)
  await maintenance.end()
  const url = databaseNamed(cluster, name)
  const fail = (error: Error) => {
    throw error
  }
  const owner = new pg.Pool({ connectionString: url, max: 3 })
  const worker = openPool(url, { role: 'throughline_worker', max: 6, name: 'test worker', onError: fail })
  const api = openPool(url, { role: 'throughline_api', max: 6, name: 'test api', onError: fail })
  return {
    url,
    owner,
    worker,
    api,
    async close() {
      await Promise.all([owner.end(), worker.end(), api.end()])
      const closing = new pg.Client({ connectionString: cluster })
      await closing.connect()
      await closing.query(`DROP DATABASE ${name}`)
      await closing.end()
    },
  }
}
