import type pg from 'pg'
import { type Channel, isOwnSurface, type Purpose } from '../domain/channel.ts'
import { consentAllows } from '../domain/consent.ts'
import type { SendOutcome } from '../domain/delivery.ts'
import { laneOf } from '../domain/ids.ts'
import type { EnrollmentStatus, SuppressReason } from '../domain/journey/enrollment.ts'
import { type Dispatchable, lockDispatchable, markDispatching } from '../store/queries/dispatch.ts'
import { inTransaction, together } from '../store/sql.ts'
import { deliver, deliverAlone, type InboxItem } from './inbox.ts'

/** Sends one message that was marked at `markedAt` (`performance.now()`; now where left out) or later; one request on the wire, no exceptions. */
export type SendOne = (message: Dispatchable, attempt: number, markedAt?: number) => Promise<SendOutcome>

export interface Dispatcher {
  /** Takes messages to send; `settled` is called once each of them has left PLANNED, or could not be marked. */
  add(ids: readonly string[], settled: (marked: boolean) => void): void
  /** Resolves when nothing is in flight and every report is in the inbox. */
  drain(): Promise<void>
  readonly inFlight: number
}

const LARGEST_MARK = 64

/** Milliseconds in which what else is answered joins a report, unless many wait: nobody is in a hurry for them, and each is a transaction and a tick. */
const REPORT_EVERY = 20
const MANY_REPORTS = 16

/**
 * Marks messages DISPATCHING, no more at a time than there are sockets, sends them, and posts what came of
 * it to the ring. What is marked when a worker dies is in doubt, which is why so little is marked at a time.
 */
export function openDispatcher(options: {
  pool: pg.Pool
  lanes: number
  sockets: number
  send: SendOne
  onError: (error: unknown) => void
}): Dispatcher {
  const queue: { id: string; batch: { left: number; failed: boolean; settled: (marked: boolean) => void } }[] = []
  let sockets = options.sockets
  let marking = 0
  let inFlight = 0
  const reports: InboxItem[] = []
  let reporting = false
  const idle: (() => void)[] = []

  const rest = () => {
    if (queue.length === 0 && marking === 0 && inFlight === 0 && reports.length === 0 && !reporting) for (const done of idle.splice(0)) done()
  }
  const settle = (taken: typeof queue, failed: boolean) => {
    for (const { batch } of taken) {
      batch.left--
      batch.failed ||= failed
      if (batch.left === 0) batch.settled(!batch.failed)
    }
  }
  const pump = () => {
    while (queue.length > 0 && sockets > 0 && marking < 2) {
      const taken = queue.splice(0, Math.min(sockets, LARGEST_MARK))
      sockets -= taken.length
      marking++
      const markedAt = performance.now()
      mark(
        options.pool,
        // Given twice (by its tick and by the net) and taken together, a message would be read twice, and sent twice.
        [...new Set(taken.map((each) => each.id))],
        options.lanes,
      )
        .then((marked) => {
          sockets += taken.length - marked.length
          settle(taken, false)
          for (const row of marked) void sendAndReport(row, markedAt)
        })
        .catch((error: unknown) => {
          sockets += taken.length
          settle(taken, true)
          options.onError(error)
        })
        .finally(() => {
          marking--
          pump()
          rest()
        })
    }
  }
  const sendAndReport = async (row: Dispatchable, markedAt: number) => {
    inFlight++
    const attempt = row.attempt + 1
    let outcome: SendOutcome
    try {
      outcome = await options.send(row, attempt, markedAt)
    } catch (error) {
      options.onError(error)
      outcome = { type: 'ambiguous', code: 'SENDER_FAULT', message: 'the sender failed on the way' }
    }
    reports.push({
      kind: 'result',
      data: { messageId: row.id, attempt, outcome, at: Date.now() },
      workspaceId: row.workspace_id,
      contactId: row.contact_id,
    })
    inFlight--
    sockets++
    void report()
    pump()
  }
  // One report in flight at a time, so that what finishes meanwhile travels together.
  const report = async () => {
    if (reporting) return
    reporting = true
    for (let wait = 50; reports.length > 0; ) {
      if (reports.length < MANY_REPORTS) await new Promise((next) => setTimeout(next, REPORT_EVERY))
      const batch = reports.splice(0, 500)
      try {
        await deliverAlone(options.pool, batch, options.lanes)
        wait = 50
      } catch (error) {
        reports.unshift(...batch)
        options.onError(error)
        await new Promise((next) => setTimeout(next, wait))
        wait = Math.min(2_000, wait * 2)
      }
    }
    reporting = false
    rest()
  }
  return {
    add(ids, settled) {
      if (ids.length === 0) return settled(true)
      const batch = { left: ids.length, failed: false, settled }
      for (const id of ids) queue.push({ id, batch })
      pump()
    },
    drain: () =>
      new Promise((done) => {
        idle.push(done)
        rest()
      }),
    get inFlight() {
      return inFlight
    },
  }
}

/** The second gate and the mark, in one transaction. What is held back is reported to the ring in it. */
async function mark(pool: pg.Pool, ids: readonly string[], lanes: number): Promise<Dispatchable[]> {
  return inTransaction(pool, async (client, commit) => {
    const rows = await lockDispatchable(
      client,
      ids.map((id) => ({ lane: laneOf(id), id })),
    )
    const held: InboxItem[] = []
    const cleared = rows.filter((row) => {
      const reason = recheck(row)
      if (reason !== null) held.push({ kind: 'held', data: { messageId: row.id, reason }, workspaceId: row.workspace_id, contactId: row.contact_id })
      return reason === null
    })
    await together([markDispatching(client, cleared), deliver(client, held, lanes), commit()])
    return cleared
  })
}

const GOES_ON: ReadonlySet<string> = new Set<EnrollmentStatus>(['ACTIVE', 'COMPLETED'])

/** What can have changed since the message was planned. */
function recheck(row: Dispatchable): SuppressReason | null {
  if (row.contact_erased) return 'erased'
  if (row.contact_suppressed) return 'suppressed'
  if (row.journey_status === 'PAUSED') return 'journey_paused'
  if (row.journey_status === 'ARCHIVED') return 'journey_archived'
  if (row.broadcast_status === 'CANCELLED') return 'broadcast_cancelled'
  // Whoever converted did so by a goal: what was on its way then and came back is not tried again. Completing withdraws nothing.
  if (row.enrollment_status !== null && !GOES_ON.has(row.enrollment_status)) return 'enrollment_ended'
  const own = isOwnSurface(row.channel as Channel)
  if (!own && row.address === null) return 'unreachable'
  if (!own && row.identity_status !== 'ACTIVE') return 'identity_inactive'
  const consents = row.consents.map(([channel, topic, state]) => ({
    channel: (channel || null) as Channel | null,
    topic: topic || null,
    state: state as 'GRANTED',
  }))
  const consent = consentAllows(consents, { channel: row.channel as Channel, topicId: row.topic_id, purpose: row.purpose as Purpose })
  if (!consent.allowed) return consent.reason
  return !own && row.connection_id === null ? 'no_provider' : null
}
