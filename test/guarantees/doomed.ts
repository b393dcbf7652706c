import type pg from 'pg'
import { openPool } from '../../src/store/sql.ts'
import { until } from '../support/until.ts'

/** A worker's connections, which end all at once. */
export interface Doomed {
  pool: pg.Pool
  /** Closes every socket; from then on nothing is answered, and so nothing that waits for an answer goes on. */
  die(): void
  readonly dead: Promise<void>
}

export interface Death {
  /** The statement it comes with. */
  statement: string
  /** before: the statement never leaves. after: it was answered, and its transaction goes no further. */
  when: 'before' | 'after'
}

const NEVER = new Promise<never>(() => {})

/**
 * What a killed process is to everybody else: its connections close, and what had not been committed is rolled back. The code
 * over it stands still for ever, as if it had been killed; a process of its own for each cut would take a second to start.
 */
export function openDoomed(url: string, death: Death | null): Doomed {
  const inner = openPool(url, { role: 'throughline_worker', max: 4, name: 'doomed', onError: () => {} })
  const sockets: { destroy(): void }[] = []
  inner.on('connect', (client) => sockets.push((client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream))
  let isDead = false
  let told = () => {}
  const dead = new Promise<void>((resolve) => {
    told = resolve
  })
  const die = () => {
    isDead = true
    for (const socket of sockets) socket.destroy()
    told()
  }
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const settled = await work.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    return isDead ? NEVER : settled()
  }
  const mortal = <T extends object>(target: T & { query(statement: unknown): Promise<unknown> }): T =>
    Object.assign(Object.create(target), {
      async query(statement: string | { name?: string }) {
        const fatal = death !== null && typeof statement === 'object' && statement.name === death.statement
        if (fatal && death.when === 'before') die()
        if (isDead) return NEVER
        const answer = await alive(target.query(statement))
        if (!fatal) return answer
        die()
        return NEVER
      },
    })
  const pool = Object.assign(mortal(inner as never) as pg.Pool, {
    connect: async () => (isDead ? NEVER : mortal((await alive(inner.connect())) as never)),
  })
  return { pool, die, dead }
}

/** Waits until the server has found out that the doomed are gone, which it must before their database can be dropped. */
export async function buried(owner: pg.Pool): Promise<void> {
  const left = `SELECT FROM pg_stat_activity WHERE application_name = 'doomed' AND datname = current_database()`
  await until(async () => (await owner.query(left)).rows.length === 0)
}
