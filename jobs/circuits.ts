import type pg from 'pg'
import type { Channel } from '../src/domain/channel.ts'
import { failOver, judgeConnection, mayFailOver } from '../src/domain/circuit.ts'
import type { SendOutcome } from '../src/domain/delivery.ts'
import { recordFault, recordSuccess } from '../src/store/queries/circuit.ts'
import type { Dispatchable } from '../src/store/queries/dispatch.ts'

/**
 * Tells a connection's circuit what an attempt through it came to, and answers the outcome as the ledger should hear
 * it: with a sick connection and another one at hand, the next attempt does not wait for the first provider's pause.
 * A success is written only where there was something wrong before. What cannot be written is left: it is an aid to
 * the next message, and no reason to lose what became of this one.
 */
export async function hearOutcome(pool: pg.Pool, message: Dispatchable, outcome: SendOutcome): Promise<SendOutcome> {
  const { connection_id: id, connection_failures: failures } = message
  const judged = id === null ? null : judgeConnection(outcome)
  if (id === null || judged === null || (judged === 'sound' && failures === 0)) return outcome
  try {
    if (judged === 'sound') {
      await recordSuccess(pool, id)
      return outcome
    }
    const { open, spare } = await recordFault(pool, id, judged)
    return open && spare && mayFailOver(message.channel as Channel) ? failOver(outcome) : outcome
  } catch {
    return outcome
  }
}
