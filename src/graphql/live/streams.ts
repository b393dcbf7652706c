import type { Channel } from '../../domain/channel.ts'
import { enrollmentsByIds } from '../../services/enrollments.ts'
import { journeysByIds } from '../../services/journeys.ts'
import { messagesByIds } from '../../services/messages.ts'
import { graphOf, journeyStats } from '../analytics/stats.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { Enrollment } from '../enrollments/types.ts'
import { Message } from '../messages/types.ts'
import type { JourneyProgress } from './types.ts'

/** Numbers change with every commit and are read by people: four a second is plenty. Milliseconds. */
const PROGRESS_EVERY = 250

interface Filter {
  journeyId: string | null
  contactId: string | null
}

const fits = (row: { journeyId?: string | null | undefined; contactId: string }, filter: Filter) =>
  (filter.journeyId === null || row.journeyId === filter.journeyId) && (filter.contactId === null || row.contactId === filter.contactId)

/** Loaders cache for one answer: each round of a stream is another. */
function freshen(context: ApiContext, missed: number): void {
  context.loaders.clear()
  context.missed.count += missed
}

/** Messages as they change, read in batches as the caller. */
export async function* messageUpdates(context: ApiContext, filter: Filter & { channels: readonly Channel[] | null }): AsyncGenerator<Message> {
  const caller = callerWith(context, 'read')
  for await (const { ids, missed } of context.hub.watch(caller.workspaceId, 'messages')) {
    freshen(context, missed)
    for (const row of (await messagesByIds(context.services, caller, ids)).values()) {
      if (fits(row, filter) && (filter.channels === null || filter.channels.includes(row.channel))) yield new Message(row)
    }
  }
}

/** Enrollments as they change. */
export async function* enrollmentChanges(context: ApiContext, filter: Filter): AsyncGenerator<Enrollment> {
  const caller = callerWith(context, 'read')
  for await (const { ids, missed } of context.hub.watch(caller.workspaceId, 'enrollments')) {
    freshen(context, missed)
    for (const row of (await enrollmentsByIds(context.services, caller, ids)).values()) if (fits(row, filter)) yield new Enrollment(row)
  }
}

/** A journey's numbers: at once, then whenever they have changed, coalesced. Ends at once for a journey that is not there. */
export async function* journeyProgress(context: ApiContext, journeyId: string): AsyncGenerator<JourneyProgress> {
  const caller = callerWith(context, 'read')
  const read = async (): Promise<JourneyProgress | null> => {
    const journey = (await journeysByIds(context.services, caller, [journeyId])).get(journeyId)
    if (journey === undefined) return null
    const graph = (await graphOf(context.services, caller, journey.liveVersionId ?? null)) ?? journey.draft ?? null
    return { stats: await journeyStats(context.services, caller, { journeyId, versionId: null, range: null, graph }), at: new Date() }
  }
  const changes = context.hub.watch(caller.workspaceId, 'journeys')
  try {
    const first = await read()
    if (first === null) return
    yield first
    for await (const { ids, missed } of changes) {
      if (!ids.includes(journeyId) && missed === 0) continue
      // What changes meanwhile waits in the watcher, once.
      await new Promise((next) => setTimeout(next, PROGRESS_EVERY))
      freshen(context, missed)
      const progress = await read()
      if (progress === null) return
      yield progress
    }
  } finally {
    await changes.return?.()
  }
}
