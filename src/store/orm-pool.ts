import type pg from 'pg'

type Query = (text: unknown, ...rest: unknown[]) => Promise<unknown>

/**
 * Gives the ORM's pool back the connections that break within a transaction. Kysely returns a transaction's connection only
 * after a `rollback` that succeeded, and never after a `begin` that failed, so every transaction that was open when
 * PostgreSQL went away kept its place in the pool: a restart or two under load, and the API answered UNAVAILABLE until it
 * was itself restarted. A broken connection has nothing left to roll back; the pool discards it when it is returned.
 */
export function keepPoolWhole(pool: pg.Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as Query
    const guarded: Query = (text, ...rest) => {
      if (text === 'begin') {
        return query(text, ...rest).catch((error: Error) => {
          client.release(error)
          throw error
        })
      }
      if (text !== 'rollback') return query(text, ...rest)
      return query(text, ...rest).catch(() => {
        // The server's last words come before its end: closed by us, the pool is sure not to hand it out once more.
        client.end().catch(() => {})
        return { command: 'ROLLBACK', rowCount: 0, rows: [] }
      })
    }
    client.query = guarded as typeof client.query
  })
}
