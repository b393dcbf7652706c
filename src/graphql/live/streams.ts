import type { Channel } from '../../domain/channel.ts'
import type { Change, ChangeKind } from '../../realtime/hub.ts'
import type { Caller } from '../../services/context.ts'
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

/**
 * A generator over changes that can be stopped while it waits for one: a generator's own `return` is queued behind
 * the wait, and the socket of somebody who left would be watched for until the next change.
 */
function stream<T>(
  context: ApiContext,
  kind: ChangeKind,
  read: (changes: AsyncIterableIterator<Change>, caller: Caller) => AsyncGenerator<T>,
): AsyncIterableIterator<T> {
  const caller = callerWith(context, 'read')
  const changes = context.hub.watch(caller.workspaceId, kind)
  const generator = read(changes, caller)
  const iterator: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => generator.next(),
    async return() {
      await changes.return?.()
      return generator.return(undefined)
    },
  }
  return iterator
}

/** Messages as they change, read in batches as the caller. */
export function messageUpdates(context: ApiContext, filter: Filter & { channels: readonly Channel[] | null }): AsyncIterableIterator<Message> {
  return stream(context, 'messages', (changes, caller) => updates(context, caller, changes, filter))
}

async function* updates(
  context: ApiContext,
  caller: Caller,
  changes: AsyncIterable<Change>,
  filter: Filter & { channels: readonly Channel[] | null },
): AsyncGenerator<Message> {
  for await (const { ids, missed } of changes) {
    freshen(context, missed)
    for (const row of (await messagesByIds(context.services, caller, ids)).values()) {
      if (fits(row, filter) && (filter.channels === null || filter.channels.includes(row.channel))) yield new Message(row)
    }
  }
}

/** Enrollments as they change. */
export function enrollmentChanges(context: ApiContext, filter: Filter): AsyncIterableIterator<Enrollment> {
  return stream(context, 'enrollments', (changes, caller) => moves(context, caller, changes, filter))
}

async function* moves(context: ApiContext, caller: Caller, changes: AsyncIterable<Change>, filter: Filter): AsyncGenerator<Enrollment> {
  for await (const { ids, missed } of changes) {
    freshen(context, missed)
    for (const row of (await enrollmentsByIds(context.services, caller, ids)).values()) if (fits(row, filter)) yield new Enrollment(row)
  }
}

/** A journey's numbers: at once, then whenever they have changed, coalesced. Ends at once for a journey that is not there. */
export function journeyProgress(context: ApiContext, journeyId: string): AsyncIterableIterator<JourneyProgress> {
  return stream(context, 'journeys', (changes, caller) => progress(context, caller, changes, journeyId))
}

async function* progress(
  context: ApiContext,
  caller: Caller,
  changes: AsyncIterableIterator<Change>,
  journeyId: string,
): AsyncGenerator<JourneyProgress> {
  const read = async (): Promise<JourneyProgress | null> => {
    const journey = (await journeysByIds(context.services, caller, [journeyId])).get(journeyId)
    if (journey === undefined) return null
    const graph = (await graphOf(context.services, caller, journey.liveVersionId ?? null)) ?? journey.draft ?? null
    return { stats: await journeyStats(context.services, caller, { journeyId, versionId: null, range: null, graph }), at: new Date() }
  }
  try {
    const first = await read()
    if (first === null) return
    yield first
    for await (const { ids, missed } of changes) {
      if (!ids.includes(journeyId) && missed === 0) continue
      // What changes meanwhile waits in the watcher, once.
      await new Promise((next) => setTimeout(next, PROGRESS_EVERY))
      freshen(context, missed)
      const now = await read()
      if (now === null) return
      yield now
    }
  } finally {
    await changes.return?.()
  }
}
