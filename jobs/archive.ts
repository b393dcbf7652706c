import { setTimeout } from 'node:timers/promises'
import type pg from 'pg'
import { FIRST_ID } from '../src/domain/ids.ts'
import { deliver } from '../src/lanes/inbox.ts'
import type { JobData } from '../src/queue/boss.ts'
import { enrolledIn } from '../src/store/queries/archive.ts'
import { awaitTicks } from '../src/store/queries/claim.ts'

const BATCH = 1_000
/** Milliseconds between batches: an inbox is taken in order, and a million exits at once would keep everybody's events waiting. */
const BREATH = 100

/**
 * Ends everybody inside an archived journey. Whoever a tick lets in that had not heard of it yet is found, too.
 * An exit of somebody who has left changes nothing, so a job that died half-way is simply run again.
 */
export async function emptyJourney(pool: pg.Pool, lanes: number, { workspaceId, journeyId }: JobData['archive']): Promise<void> {
  await awaitTicks(pool)
  for (let after = FIRST_ID; ; ) {
    const inside = await enrolledIn(pool, journeyId, BATCH, after)
    await deliver(
      pool,
      inside.map((row) => ({
        kind: 'exit' as const,
        data: { enrollmentId: row.id, reason: 'journey_archived' },
        workspaceId,
        contactId: row.contact_id,
      })),
      lanes,
    )
    if (inside.length < BATCH) return
    after = inside.at(-1)?.id ?? after
    await setTimeout(BREATH)
  }
}
