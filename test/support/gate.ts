import type pg from 'pg'

export interface Gate {
  /** The pool given, but for what waits. */
  pool: pg.Pool
  /** Resolves when a statement waits and everything its transaction asked before it is done. */
  reached: Promise<void>
  open(): void
}

/** A pool in which statements that hold this text wait for the gate to open, each transaction still in its own order. */
export function gated(pool: pg.Pool, text: string): Gate {
  let open = () => {}
  let reach = () => {}
  const opened = new Promise<void>((done) => {
    open = done
  })
  const reached = new Promise<void>((done) => {
    reach = done
  })
  const connect = async (called?: Parameters<pg.Pool['connect']>[0]) => {
    // A pool's own `query` asks so, for a statement without a transaction.
    if (called !== undefined) return pool.connect(called)
    const client = await pool.connect()
    let turn: Promise<unknown> = Promise.resolve()
    let answered: Promise<unknown> = turn
    return Object.assign(Object.create(client), {
      query(given: { text: string }) {
        const before = answered
        if (given.text.includes(text)) {
          turn = turn
            .then(() => before)
            .then(() => {
              reach()
              return opened
            })
        }
        const asked = turn.then(() => client.query(given))
        answered = asked.catch(() => {})
        return asked
      },
      release: (error?: Error) => client.release(error),
    })
  }
  return { pool: Object.assign(Object.create(pool), { connect }), reached, open: () => open() }
}
