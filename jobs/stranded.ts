import type pg from 'pg'
import type { SendOutcome } from '../src/domain/delivery.ts'
import { deliver, type InboxItem } from '../src/lanes/inbox.ts'
import { type Doubtful, findStranded, type Stranded } from '../src/store/queries/dispatch.ts'

/** No request to a provider may take this long: ten seconds of time-out, and slack for a busy process. Milliseconds. */
export const STRANDED_AFTER = 15_000

/**
 * A lost answer is asked after when it has been waited for nearly to the end: a callback has settled nearly all by then, and a list that
 * lags behind shows the rest. Two sweeps fit in, should one fail. Milliseconds.
 */
export const ASKED_BEFORE = 25_000

/** Questions at a time. One may take as long as a request may, and a worker that dies leaves as many as it had sockets. */
const ASKED_AT_ONCE = 32

/**
 * Reports what a dead sender left DISPATCHING. Asked where the provider can be asked; otherwise ambiguous,
 * never sent again blindly. What is UNKNOWN already is reported where the provider tells. Reports of one attempt merge, so it does not matter how many workers sweep.
 * One that cannot be asked at all (its credentials do not open) would hold up every other: the fault is thrown
 * once all of them are reported.
 */
export async function sweepStranded(pool: pg.Pool, lanes: number, ask: (message: Stranded) => Promise<SendOutcome | null>): Promise<number> {
  const everyLane = Array.from({ length: lanes }, (_, lane) => lane)
  const stranded = await findStranded(pool, everyLane, STRANDED_AFTER, ASKED_BEFORE)
  const faults: unknown[] = []
  const report = async (message: Doubtful): Promise<InboxItem[]> => {
    // Providers know a message by address and instant alone: of two, each would be taken for the other.
    const asking = message.alone ? ask(message) : Promise.resolve(null)
    const told = await asking.catch((fault: unknown) => {
      faults.push(fault)
      return null
    })
    if (told === null && message.status === 'UNKNOWN') return []
    const outcome = told ?? { type: 'ambiguous' as const, code: 'SENDER_LOST', message: 'the sender ended before it reported' }
    const { id: messageId, attempt, workspace_id: workspaceId, contact_id: contactId } = message
    return [{ kind: 'result', data: { messageId, attempt, outcome, at: Date.now() }, workspaceId, contactId }]
  }
  let reported = 0
  for (let first = 0; first < stranded.length; first += ASKED_AT_ONCE) {
    const reports = (await Promise.all(stranded.slice(first, first + ASKED_AT_ONCE).map(report))).flat()
    await deliver(pool, reports, lanes)
    reported += reports.length
  }
  if (faults.length > 0) throw faults[0]
  return reported
}
