import type pg from 'pg'

interface Lease {
  client: Promise<pg.PoolClient>
  users: number
  /** Something failed on it: nobody else begins on it, and it goes back to the pool only if it still answers. */
  doubted: boolean
}

/**
 * One connection of a pool for work that may overlap, statement behind statement: taken when the first begins, given back
 * when the last has ended. Each piece of work ends every transaction it begins, whatever happens.
 */
export function sharedConnection(pool: pg.Pool): <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T> {
  let current: Lease | undefined
  return async (work) => {
    current ??= { client: pool.connect(), users: 0, doubted: false }
    const lease = current
    lease.users++
    try {
      return await work(await lease.client)
    } catch (error) {
      lease.doubted = true
      throw error
    } finally {
      lease.users--
      if (current === lease && (lease.doubted || lease.users === 0)) current = undefined
      if (lease.users === 0) await giveBack(lease)
    }
  }
}

async function giveBack({ client, doubted }: Lease): Promise<void> {
  const held = await client.catch(() => null)
  if (held === null) return
  let broken: Error | undefined
  if (doubted)
    await held.query('SELECT').catch((error: Error) => {
      broken = error
    })
  held.release(broken)
}
