import type pg from 'pg'
import { type IngestRow, ingest } from '../store/queries/ingest.ts'

interface Call {
  rows: readonly IngestRow[]
  /** How many of them were new. */
  done(accepted: number): void
  fail(error: unknown): void
}

/** As many rows travel together at most, more only where one call has more. The wake-up's payload has its limit, too. */
const MOST_TOGETHER = 1_000

const queues = new WeakMap<pg.Pool, Map<string, Call[]>>()

/**
 * Takes the rows of one call; resolves to how many were new when they are committed. Calls of a workspace that come
 * while a statement of its is under way travel together in the next one: a call alone waits for nobody, and many at
 * once cost the database a third less each than one by one. They also fail together, which a caller answers by
 * sending again: what was taken then counts as a duplicate.
 */
export function takeIn(pool: pg.Pool, workspaceId: string, rows: readonly IngestRow[]): Promise<number> {
  let waiting = queues.get(pool)
  if (waiting === undefined) {
    waiting = new Map()
    queues.set(pool, waiting)
  }
  const queue = waiting.get(workspaceId)
  return new Promise((done, fail) => {
    const call = { rows, done, fail }
    if (queue !== undefined) return void queue.push(call)
    waiting.set(workspaceId, [call])
    void drain(pool, waiting, workspaceId)
  })
}

async function drain(pool: pg.Pool, waiting: Map<string, Call[]>, workspaceId: string): Promise<void> {
  for (let queue = waiting.get(workspaceId) ?? []; queue.length > 0; ) {
    const calls = together(queue)
    try {
      const accepted = await ingest(pool, workspaceId, distinct(calls))
      for (const [index, call] of calls.entries()) call.done(accepted.get(index) ?? 0)
    } catch (error) {
      for (const call of calls) call.fail(error)
    }
  }
  waiting.delete(workspaceId)
}

/** Takes from the queue's head as many calls as fit together. */
function together(queue: Call[]): Call[] {
  let rows = 0
  let calls = 0
  for (const call of queue) {
    if (calls > 0 && rows + call.rows.length > MOST_TOGETHER) break
    rows += call.rows.length
    calls++
  }
  return queue.splice(0, calls)
}

/** Of an event that several calls bring at once, the first counts. */
function distinct(calls: readonly Call[]): (IngestRow & { call: number })[] {
  const seen = new Set<string>()
  return calls.flatMap(({ rows }, call) => {
    const own = rows.filter(({ digest }) => !seen.has(digest))
    for (const { digest } of own) seen.add(digest)
    return own.map((row) => ({ ...row, call }))
  })
}
