import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import { MIGRATIONS } from '../../migrations/list.ts'
import { ThroughlineError } from '../errors.ts'
import { keepPoolWhole } from './orm-pool.ts'
import { openClient } from './sql.ts'

/** Any number; held while one process migrates, so that a second waits instead of colliding. */
const MIGRATION_LOCK = 7_264_301

/** The URL of another database on the same server: by the same way, with the same parameters. */
export function databaseNamed(url: string, name: string): string {
  const target = new URL(url)
  target.pathname = `/${encodeURIComponent(name)}`
  return target.href
}

/** Creates the database an URL names if it is not there yet. */
export async function createDatabase(url: string): Promise<void> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1))
  const client = await openClient(databaseNamed(url, 'postgres'))
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}

/**
 * Brings the database up to date, as its owner, and returns the number of lanes it was installed with:
 * `lanes` counts only the first time, because contacts never change lane.
 */
export async function migrate(url: string, lanes: number): Promise<number> {
  const client = await openClient(url)
  try {
    const { rows: version } = await client.query<{ n: number }>(`SELECT current_setting('server_version_num')::int AS n`)
    if ((version[0]?.n ?? 0) < 150_000)
      throw new ThroughlineError('CONFIG_INVALID', 'Throughline needs PostgreSQL 15 or later.', { path: ['DATABASE_URL'] })
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const orm = await MikroORM.init({
      clientUrl: url,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      extensions: [Migrator],
      // Or closing the pool would wait for ever for a connection that broke in the middle.
      driverOptions: { onPoolCreated: keepPoolWhole },
      migrations: { migrationsList: MIGRATIONS, snapshot: false, tableName: 'migration', silent: true },
    })
    try {
      await orm.migrator.up()
    } finally {
      await orm.close(true)
    }
    await client.query('INSERT INTO lane SELECT generate_series(0, $1 - 1) WHERE NOT EXISTS (SELECT FROM lane)', [lanes])
    await client.query('GRANT throughline_api, throughline_worker TO CURRENT_USER')
    await client.query('ANALYZE')
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM lane')
    return rows[0]?.n ?? lanes
  } finally {
    await client.end()
  }
}
