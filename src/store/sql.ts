import type { Writable } from 'node:stream'
import pg from 'pg'
import { ThroughlineError } from '../errors.ts'
import { ask, type Client } from './ask.ts'
import type { RowRecord } from './record.ts'

/**
 * The hot path's own way to PostgreSQL: named statements on a plain `pg` client, which costs a third of the
 * round trip and a fifth of the server's CPU that an unnamed statement through a query builder does.
 */
export interface Statement {
  /** Prepared once per connection under this name. */
  name: string
  text: string
}

export type Role = 'throughline_api' | 'throughline_worker'

/**
 * A column's instant as Unix milliseconds, to the nearest: `date_part` counts in floating point, at a third of the cost of
 * `extract`, whose numeric is exact. What was written in whole milliseconds comes back as it was.
 */
export const epochMs = (column: string): string => `round(date_part('epoch', ${column}) * 1000)`

const parseArray = (oid: number) => {
  const parse = pg.types.getTypeParser(oid, 'text') as (text: string) => unknown[]
  return (text: string) => (text === '{}' ? [] : parse(text))
}
/** Lists of texts and of uuids, most of which are empty. */
const ARRAYS: ReadonlyMap<number, (text: string) => unknown[]> = new Map([1009, 2951].map((oid) => [oid, parseArray(oid)]))

/** int8 arrives as a number (counts and sequences stay below 2^53), timestamptz as Unix milliseconds. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === 20) return Number
    if (oid === 1184) return (text: string) => Date.parse(text)
    const array = ARRAYS.get(oid)
    if (array !== undefined && format !== 'binary') return array
    return pg.types.getTypeParser(oid, format as 'text')
  },
} as pg.CustomTypesConfig

/**
 * The worker looks rows up by their keys, many keys a statement, prepared once. Left to itself the planner plans each
 * of them anew for the length of its arrays (a fifth of the server's time at 200 events a second), or keeps a plan from
 * when the tables were young, with a sequential scan in it, or with all that was in a table kept in memory for a join. So there is one
 * plan, by index, whatever the statistics say. Before 18 a switched-off way costs so much in the planner's eyes that it
 * would compile the rest: no JIT.
 */
const BY_INDEX = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
  'jit=off',
]

/**
 * How long others wait for a process that stands still, or whose machine is gone: no transaction of ours waits for anything but the
 * database. The kernel of a stopped process still answers for it, so it is the server's clock that ends what it had begun; the others end
 * connections that nobody answers for, or reads from, any more.
 */
const ABANDONED = [
  'idle_in_transaction_session_timeout=5s',
  'tcp_user_timeout=10s',
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
]

/**
 * For what nobody was promised yet and is found and done again after a crash of the server: its commits do not wait for the disk, nor
 * does what stands in line behind them, as all that notify do. Whatever commits later takes them to the disk along. docs/adr/0014 says why ticks may.
 */
const UNHURRIED = ['synchronous_commit=off']

/**
 * A pool whose every connection has the role and the UTC zone. `onError` hears of connections that broke
 * while idle (a restarted database); the pool replaces them, nothing exits.
 */
export function openPool(
  url: string,
  options: { role: Role; max: number; name: string; unhurried?: boolean; onError: (error: Error) => void },
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: options.name,
    options: [
      `role=${options.role}`,
      'timezone=UTC',
      'datestyle=ISO',
      ...ABANDONED,
      ...(options.role === 'throughline_worker' ? BY_INDEX : []),
      ...(options.unhurried === true ? UNHURRIED : []),
    ]
      .map((setting) => `-c ${setting}`)
      .join(' '),
    types: TYPES,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // Statements given without waiting for each other travel together; each still runs after the one before.
    pipeline: true,
  })
  pool.on('error', options.onError)
  pool.on('connect', (client) => client.on('error', options.onError))
  return pool
}

const BEGIN = { text: 'BEGIN' }
const COMMIT = { text: 'COMMIT' }
const ROLLBACK = { text: 'ROLLBACK' }

/** One connection, as the URL's own role. Where it breaks between two statements the next one says so, and no process ends. */
export async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Runs a statement by name and returns its rows. Those given in one turn of the event loop, on one connection, leave together. */
export async function run<Row extends pg.QueryResultRow>(client: Client, statement: Statement, values: unknown[]): Promise<Row[]> {
  bundle(client)
  return (await ask<Row>(client, { name: statement.name, text: statement.text, values })).rows
}

/** A statement that is given rows, all of them at once; given none it is not asked. */
export async function runFor<Row extends pg.QueryResultRow>(
  client: Client,
  statement: Statement,
  columns: RowRecord,
  rows: readonly object[],
): Promise<Row[]> {
  return rows.length === 0 ? [] : run<Row>(client, statement, columns.encode(rows))
}

/**
 * The results of statements sent without waiting for each other. Unlike Promise.all it waits for the last even
 * where the first fails: nothing may still be on its way when the connection goes back to its pool.
 */
export async function together<T extends readonly unknown[]>(work: readonly [...{ [K in keyof T]: Promise<T[K]> }]): Promise<T> {
  const settled = await Promise.allSettled(work)
  const failed = settled.find((each): each is PromiseRejectedResult => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as unknown as T
}

/** So much is worth a system call of its own: the server begins with it while the rest is encoded. Bytes. */
const ENOUGH = 65_536

/**
 * Everything written until this turn of the event loop ends leaves in one piece: one system call, and the server
 * wakes once, instead of once a statement. A pool as such has no connection of its own, and nothing to bundle.
 */
function bundle(client: Client): void {
  const stream = (client as { connection?: { stream: Writable } }).connection?.stream
  if (stream === undefined) return
  if (stream.writableCorked === 0) {
    stream.cork()
    process.nextTick(() => stream.uncork())
  } else if (stream.writableLength > ENOUGH) {
    stream.uncork()
    stream.cork()
  }
}

/**
 * A connection for the length of `work`, whose first statements leave in one piece. Where it fails, whatever it began is
 * rolled back; a connection that cannot do even that is thrown away, not reused.
 */
async function onConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    bundle(client)
    return await work(client)
  } catch (error) {
    await ask(client, ROLLBACK).catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/**
 * Runs `work` in one transaction. It may itself `commit` right behind its last statements, which saves a round trip;
 * whatever begins later is outside. Where one of them fails, PostgreSQL takes the COMMIT for a ROLLBACK, and `work` must
 * throw, as `together` does.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient, commit: () => Promise<void>) => Promise<T>): Promise<T> {
  return onConnection(pool, async (client) => {
    // Travels with the first statement: a round trip less for every transaction. Where it fails, so does what follows it.
    const begun = ask(client, BEGIN)
    begun.catch(() => {})
    let committed: Promise<void> | undefined
    const commit = () => {
      committed ??= ask(client, COMMIT).then(({ command }) => {
        if (command !== 'COMMIT') throw new ThroughlineError('INTERNAL', 'a transaction that had failed was committed')
      })
      return committed
    }
    const result = await work(client, commit)
    await begun
    await commit()
    return result
  })
}

const SET_WORKSPACE: Statement = { name: 'set_workspace', text: `SELECT set_config('throughline.workspace', $1, true)` }

/**
 * One statement in a transaction of its own, in the API's role, seeing one workspace: one round trip. The COMMIT is
 * on its way before the statement is answered; where that fails, PostgreSQL takes it for a ROLLBACK. So the next may be
 * given before this one is answered, on the same connection: the server begins it without having to wait for it.
 */
export async function runInWorkspace<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  workspaceId: string,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  bundle(client)
  const [, , rows] = await together([
    ask(client, BEGIN),
    run(client, SET_WORKSPACE, [workspaceId]),
    run<Row>(client, statement, values),
    ask(client, COMMIT),
  ])
  return rows
}

/** Runs `work` in one transaction in the API's role, seeing one workspace. Callers of the API's pool have no other way in. */
export async function inWorkspace<T>(pool: pg.Pool, workspaceId: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (client) => {
    const set = run(client, SET_WORKSPACE, [workspaceId])
    return (await together([set, work(client)]))[1]
  })
}

const GONE = new Set([
  // Idle for too long in a transaction: the process stood still, and what it had begun was taken from it.
  '25P03',
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08003',
  '08006',
  '08001',
  '08004',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
])

/** Whether an error means that the database is away, not that the statement is wrong: worth trying again. */
export function isDatabaseAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || error instanceof ThroughlineError) return false
  // By its members and not its class: pg-boss hands on copies.
  const { code, message } = error as { code?: unknown; message?: unknown }
  return (
    (typeof code === 'string' && GONE.has(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(String(message))
  )
}

const MOST_ATTEMPTS = 60

/** What a process needs before it can serve: tried again each second while the database is away, a minute at most. */
export async function onceThere<T>(work: () => Promise<T>, onWait: (error: unknown) => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseAway(error) || attempt >= MOST_ATTEMPTS) throw error
      onWait(error)
      await new Promise((next) => setTimeout(next, 1_000))
    }
  }
}
