import { openJourneyBook } from '../../src/lanes/journeys.ts'
import { type Ring, tick } from '../../src/lanes/tick.ts'
import { EVERY_LANE, LANES } from './ring.ts'
import type { TestServices } from './services.ts'

/**
 * The ring over the services' own database, turned by hand: ticks until there is nothing left to take, since what is
 * forwarded to another lane is taken a tick later. Answers the ids of the messages that are to be sent.
 */
export function openTurns({ database }: TestServices): () => Promise<string[]> {
  const ring: Ring = { pool: database.worker, lanes: LANES, rowsPerLane: 250, book: openJourneyBook(), enqueueSends: async () => 'job' }
  return async () => {
    const planned: string[] = []
    for (;;) {
      const { taken, sends } = await tick(ring, EVERY_LANE)
      planned.push(...sends.flatMap(({ ids }) => ids))
      if (taken === 0) return planned
    }
  }
}
