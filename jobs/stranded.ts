import type pg from 'pg'
import type { SendOutcome } from '../src/domain/delivery.ts'
import { deliver, type InboxItem } from '../src/lanes/inbox.ts'
import { findStranded, type Stranded } from '../src/store/queries/dispatch.ts'

/** No request to a provider may take this long: ten seconds of time-out, and slack for a busy process. Milliseconds. */
export const STRANDED_AFTER = 15_000

/** Questions at a time. One may take as long as a request may, and a worker that dies leaves as many as it had sockets. */
const ASKED_AT_ONCE = 32

/**
 * Reports what a dead sender left DISPATCHING. Asked where the provider can be asked; otherwise ambiguous,
 * never sent again blindly. Reports of one attempt merge, so it does not matter how many workers sweep.
 * One that cannot be asked at all (its credentials do not open) would hold up every other: the fault is thrown
 * once all of them are reported.
 */
export async function sweepStranded(pool: pg.Pool, lanes: number, ask: (message: Stranded) => Promise<SendOutcome | null>): Promise<number> {
  const everyLane = Array.from({ length: lanes }, (_, lane) => lane)
  const stranded = await findStranded(pool, everyLane, STRANDED_AFTER)
  const faults: unknown[] = []
  const report = async (message: Stranded & { alone: boolean }): Promise<InboxItem> => {
    // Providers know a message by address and instant alone: of two, each would be taken for the other.
    const asking = message.alone ? ask(message) : Promise.resolve(null)
    const told = await asking.catch((fault: unknown) => {
      faults.push(fault)
      return null
    })
    const outcome = told ?? { type: 'ambiguous' as const, code: 'SENDER_LOST', message: 'the sender ended before it reported' }
    return {
      kind: 'result',
      data: { messageId: message.id, attempt: message.attempt, outcome, at: Date.now() },
      workspaceId: message.workspace_id,
      contactId: message.contact_id,
    }
  }
  for (let first = 0; first < stranded.length; first += ASKED_AT_ONCE) {
    const reports = await Promise.all(stranded.slice(first, first + ASKED_AT_ONCE).map(report))
    await deliver(pool, reports, lanes)
  }
  if (faults.length > 0) throw faults[0]
  return stranded.length
}
