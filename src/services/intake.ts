import type pg from 'pg'
import { wakeWorkers } from '../store/queries/inbox.ts'
import { type IngestRow, ingest, type Taken } from '../store/queries/ingest.ts'
import { sharedConnection } from '../store/shared-connection.ts'

interface Call {
  rows: readonly IngestRow[]
  /** How many of them were new. */
  done(accepted: number): void
  fail(error: unknown): void
}

interface Intake {
  waiting: Call[]
  /** Statements on their way. */
  flights: number
  onConnection: ReturnType<typeof sharedConnection>
}

/**
 * As many statements of a workspace are on their way at most: while the server is at one, the next is already there.
 * With one only it waited through each one's encoding and answers: a quarter of its time. Both use one connection, since
 * two backends at the same indexes cost a fifth more each.
 */
const MOST_FLIGHTS = 2

/** As many rows travel together at most, more only where one call has more. */
const MOST_TOGETHER = 500

const intakes = new WeakMap<pg.Pool, Map<string, Intake>>()

/**
 * Takes the rows of one call; resolves to how many were new when they are committed. Calls of a workspace that come
 * while its statements are under way travel together in the next one: a call alone waits for nobody, and many at
 * once cost the database a third less each than one by one. They also fail together, which a caller answers by
 * sending again: what was taken then counts as a duplicate.
 */
export function takeIn(pool: pg.Pool, workspaceId: string, rows: readonly IngestRow[]): Promise<number> {
  const known = intakes.get(pool) ?? new Map<string, Intake>()
  intakes.set(pool, known)
  const intake = known.get(workspaceId) ?? { waiting: [], flights: 0, onConnection: sharedConnection(pool) }
  known.set(workspaceId, intake)
  return new Promise((done, fail) => {
    intake.waiting.push({ rows, done, fail })
    if (intake.flights === MOST_FLIGHTS) return
    void fly(intake, workspaceId).then(() => {
      if (intake.flights === 0) known.delete(workspaceId)
    })
  })
}

/** One statement after the other until nobody waits. */
async function fly(intake: Intake, workspaceId: string): Promise<void> {
  intake.flights++
  while (intake.waiting.length > 0) {
    const calls = together(intake.waiting)
    try {
      const rows = distinct(calls)
      const taken = intake.onConnection((client) => ingest(client, workspaceId, rows))
      // Right behind it, and nobody waits for it.
      void intake.onConnection((client) => wakeWorkers(client, rows)).catch(() => {})
      const accepted = await taken
      for (const [index, call] of calls.entries()) call.done(accepted.get(index) ?? 0)
    } catch (error) {
      for (const call of calls) call.fail(error)
    }
  }
  intake.flights--
}

/** Takes from the queue's head as many calls as fit together. */
function together(waiting: Call[]): Call[] {
  let rows = 0
  let calls = 0
  for (const call of waiting) {
    if (calls > 0 && rows + call.rows.length > MOST_TOGETHER) break
    rows += call.rows.length
    calls++
  }
  return waiting.splice(0, calls)
}

/** Of an event that several calls bring at once, the first counts. In the order they came. */
function distinct(calls: readonly Call[]): Taken[] {
  const seen = new Set<string>()
  const taken: Taken[] = []
  for (const [call, { rows }] of calls.entries())
    for (const row of rows) {
      if (seen.has(row.digest)) continue
      seen.add(row.digest)
      taken.push({ ...row, call, n: taken.length })
    }
  return taken
}
