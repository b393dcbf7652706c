import type pg from 'pg'
import { durationMillis } from '../src/domain/duration.ts'
import { FIRST_ID } from '../src/domain/ids.ts'
import type { InactivityTriggerConfig } from '../src/domain/journey/nodes/triggers.ts'
import { ThroughlineError } from '../src/errors.ts'
import { openJourneyBook } from '../src/lanes/journeys.ts'
import type { JobData } from '../src/queue/boss.ts'
import { seedInactivity } from '../src/store/queries/upkeep.ts'

const BATCH = 2_000

/** Starts the clocks of a version's inactivity triggers for everybody who is there already; a clock that runs is left alone. */
export async function seedWatches(pool: pg.Pool, lanes: number, { workspaceId, journeyId, versionId }: JobData['seed']): Promise<void> {
  const graph = (await openJourneyBook().versions(pool, [versionId])).get(versionId)
  if (graph?.fault) throw new ThroughlineError('JOURNEY_INVALID', graph.fault)
  for (const trigger of graph?.triggers ?? []) {
    if (trigger.kind.kind !== 'inactivity_trigger') continue
    const { events, after } = trigger.config as InactivityTriggerConfig
    for (let lane = 0; lane < lanes; lane++) {
      const seed = { lane, workspaceId, journeyId, node: trigger.key, events: events ?? null, afterMillis: durationMillis(after) }
      for (let last: string | null = FIRST_ID; last !== null; ) last = await seedInactivity(pool, seed, last, BATCH)
    }
  }
}
