import type pg from 'pg'
import type { Client } from '../store/ask.ts'
import { claimDueEnrollments, claimDueMessages, claimDueWatches, claimInbox, lockLanes, readRevision } from '../store/queries/claim.ts'
import { inTransaction, together } from '../store/sql.ts'
import { foldCase } from './fold.ts'
import type { JourneyBook } from './journeys.ts'
import { type Claim, load } from './load.ts'
import { Outbox } from './outbox.ts'
import { writeBack } from './write-back.ts'

export interface Ring {
  /** For ticks alone: it need not wait for the disk. What a crash of the server takes back is still in the inbox, or still due, and nothing of it was sent. */
  pool: pg.Pool
  /** How many lanes the installation has. */
  lanes: number
  /** Most inbox rows, and most due rows of each kind, taken from one lane. */
  rowsPerLane: number
  book: JourneyBook
  /** Enqueues the send job in the tick's transaction; returns the job's id. `asked` is called as soon as other statements may follow its own. */
  enqueueSends(client: Client, ids: readonly string[], asked: () => void): Promise<string>
}

export interface Ticked {
  /** Lanes this tick had to itself. */
  lanes: number[]
  /** Lanes that may hold more than was taken. */
  more: number[]
  /** Inbox rows and due rows taken. */
  taken: number
  /** Steps whose outcome was stored. */
  steps: number
  /** Batches to dispatch, in memory as in the queue. */
  sends: { jobId: string; ids: string[] }[]
  lost: number
  /** Milliseconds until the soonest timer this tick set; null where it set none. */
  dueIn: number | null
}

/**
 * About as many rows of a kind as one tick takes when many lanes have as many, and what any lane may take all the
 * same. In small batches one tick's decisions overlap with another's statements; at 8,000 rows a tick, 1.4 times
 * slower, they wait for each other and for the garbage collector.
 */
const ROWS_PER_TICK = 2_000
const LEAST_PER_LANE = 64
const IDS_PER_JOB = 500

/**
 * One tick: whatever waits in these lanes, for many contacts at once, in one transaction and a number of
 * statements that does not depend on how many. Lanes that another worker is ticking are left out. Without `timers` it takes
 * the inbox alone: four statements less, for whoever knows that nothing else has fallen due.
 */
export async function tick(ring: Ring, lanes: readonly number[], { timers = true } = {}): Promise<Ticked> {
  return inTransaction(ring.pool, async (client, commit) => {
    const perLane = Math.min(ring.rowsPerLane, Math.max(LEAST_PER_LANE, Math.floor(ROWS_PER_TICK / lanes.length)))
    const [{ lanes: mine, now }, inbox, due] = await together([
      lockLanes(client, lanes),
      claimInbox(client, perLane),
      timers ? claimDue(client, perLane) : NOTHING_DUE,
    ])
    if (mine.length === 0) return idle(mine)
    const { items } = inbox
    // The inbox comes before the timers: where more of it may be waiting, what would stop a reminder may be in that.
    const crowded = new Set(full(perLane, { items }))
    const inTurn = <T extends { lane: number }>(rows: readonly T[]) => (crowded.size === 0 ? rows : rows.filter(({ lane }) => !crowded.has(lane)))
    const claim = {
      items,
      dueEnrollments: inTurn(due.dueEnrollments),
      dueWatches: inTurn(due.dueWatches),
      dueMessages: inTurn(due.dueMessages),
    }
    const revision = due.revision ?? inbox.revision
    const taken = items.length + claim.dueEnrollments.length + claim.dueWatches.length + claim.dueMessages.length
    if (taken === 0) return idle(mine)

    const configuration = await ring.book.configuration(client, revision)
    const { cases, forwards, lost } = await load(client, claim, configuration, ring.book, now)
    const versions = await ring.book.versions(client, [])
    const outbox = new Outbox(now, configuration.subscriptions)
    outbox.forwards.push(...forwards)
    for (const one of cases) foldCase(one, { configuration, versions, outbox, now })
    const enqueued = await enqueue(ring, client, batchesOf(outbox))
    const [, sends] = await together([writeBack(client, outbox, ring.lanes), together(enqueued), commit()])
    return {
      lanes: mine,
      more: full(perLane, claim),
      taken,
      steps: outbox.journal.length,
      sends,
      lost,
      dueIn: outbox.nextDue === null ? null : outbox.nextDue - now,
    }
  })
}

const idle = (lanes: number[]): Ticked => ({ lanes, more: [], taken: 0, steps: 0, sends: [], lost: 0, dueIn: null })

const NOTHING_DUE: Promise<Omit<Claim, 'items'> & { revision: number | null }> = Promise.resolve({
  dueEnrollments: [],
  dueWatches: [],
  dueMessages: [],
  revision: null,
})

async function claimDue(client: Client, perLane: number): typeof NOTHING_DUE {
  const [dueEnrollments, dueWatches, dueMessages, revision] = await together([
    claimDueEnrollments(client, perLane),
    claimDueWatches(client, perLane),
    claimDueMessages(client, perLane),
    readRevision(client),
  ])
  return { dueEnrollments, dueWatches, dueMessages, revision }
}

/** pg-boss takes its time before its statement, and nobody waits for more than that: the COMMIT is to be behind it. */
async function enqueue(ring: Ring, client: Client, batches: readonly string[][]): Promise<Promise<Ticked['sends'][number]>[]> {
  const asked: Promise<unknown>[] = []
  const enqueued = batches.map(async (ids) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const jobId = ring.enqueueSends(client, ids, resolve)
    asked.push(Promise.race([promise, jobId]))
    return { jobId: await jobId, ids }
  })
  // Each is waited for with the rest of what the transaction asks.
  for (const each of enqueued) each.catch(() => {})
  await Promise.all(asked)
  return enqueued
}

/** Ids to dispatch, as many to a job as one takes. */
function batchesOf(outbox: Outbox): string[][] {
  const ids = outbox.sends.filter(({ id }) => outbox.messages.get(id)?.status !== 'CANCELLED').map(({ id }) => id)
  return Array.from({ length: Math.ceil(ids.length / IDS_PER_JOB) }, (_, n) => ids.slice(n * IDS_PER_JOB, (n + 1) * IDS_PER_JOB))
}

/** Lanes from which as much was taken as may be: there is probably more. */
function full(perLane: number, claim: Record<string, readonly { lane: number }[]>): number[] {
  const lanes = new Set<number>()
  for (const rows of Object.values(claim)) {
    const counts = new Map<number, number>()
    for (const row of rows) counts.set(row.lane, (counts.get(row.lane) ?? 0) + 1)
    for (const [lane, n] of counts) if (n >= perLane) lanes.add(lane)
  }
  return [...lanes]
}
