import type pg from 'pg'
import { FIRST_ID } from '../src/domain/ids.ts'
import { deliver } from '../src/lanes/inbox.ts'
import type { JobData } from '../src/queue/boss.ts'
import { awaitTicks } from '../src/store/queries/claim.ts'
import { countFrozen, heldMessages, thawEnrollments, thawMessages, thawWatches } from '../src/store/queries/upkeep.ts'
import { thawCalls } from '../src/store/queries/webhook-calls.ts'
import { inTransaction, together } from '../src/store/sql.ts'
import { giveUpCalls } from './webhooks-calls.ts'

const BATCH = 1_000
/** What fell due during a pause comes back at no more than this a second. */
const PER_SECOND = 200

/**
 * Thaws a resumed journey. Repeating it thaws only what is still frozen, so a job that died half-way is simply
 * run again. SKIP gives up the messages and calls that the pause held; their tokens leave by `suppressed` and `error`.
 */
export async function resumeJourney(pool: pg.Pool, lanes: number, { workspaceId, journeyId, policy }: JobData['resume']): Promise<void> {
  // A tick that still took the journey for paused may freeze something yet.
  await awaitTicks(pool)
  const spread = Math.ceil(((await countFrozen(pool, journeyId)) / PER_SECOND) * 1000)
  await thawWatches(
    pool,
    Array.from({ length: lanes }, (_, lane) => lane),
    journeyId,
  )
  for (let after = FIRST_ID; policy === 'SKIP'; ) {
    const held = await heldMessages(pool, journeyId, BATCH, after)
    after = held.at(-1)?.id ?? after
    await deliver(
      pool,
      held.map((message) => ({
        kind: 'held' as const,
        data: { messageId: message.id, reason: 'expired' },
        workspaceId,
        contactId: message.contact_id,
      })),
      lanes,
    )
    if (held.length < BATCH) break
  }
  while (policy === 'SKIP' && (await giveUpCalls(pool, lanes, workspaceId, journeyId, BATCH)) === BATCH);
  while (policy !== 'SKIP' && (await thawCalls(pool, journeyId, BATCH, spread)) === BATCH);
  while (policy !== 'SKIP' && (await thawMessages(pool, journeyId, BATCH, spread)) === BATCH);
  // Between ticks: one that had read a timer as frozen would freeze it once more, behind the thaw's back.
  const thaw = () =>
    inTransaction(pool, async (client) => (await together([awaitTicks(client), thawEnrollments(client, journeyId, BATCH, policy, spread)]))[1])
  while ((await thaw()) === BATCH);
}
