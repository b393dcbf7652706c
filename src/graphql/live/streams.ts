import type { Channel } from '../../domain/channel.ts'
import type { Change, ChangeKind, Hub } from '../../realtime/hub.ts'
import type { Round } from '../../realtime/share.ts'
import { contactsByIds } from '../../services/contacts.ts'
import type { Caller } from '../../services/context.ts'
import { enrollmentsByIds } from '../../services/enrollments.ts'
import { journeysByIds } from '../../services/journeys.ts'
import { messagesByIds } from '../../services/messages.ts'
import { graphOf, journeyStats } from '../analytics/stats.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { Enrollment } from '../enrollments/types.ts'
import { JourneyGraph } from '../journeys/types.ts'
import { Message } from '../messages/types.ts'
import type { JourneyProgress } from './types.ts'

/** Numbers change with every commit and are read by people: four a second is plenty. Milliseconds. */
const PROGRESS_EVERY = 250

interface Filter {
  journeyId: string | null
  contactId: string | null
}

interface MessageFilter extends Filter {
  broadcastId: string | null
  channels: readonly Channel[] | null
}

type Fits = (row: { journeyId?: string | null | undefined; contactId: string }) => boolean

/** Asked anew each round: somebody may have been merged into the contact since. */
async function fitting(context: ApiContext, caller: Caller, { journeyId, contactId }: Filter): Promise<Fits> {
  const whole = contactId === null ? undefined : (await contactsByIds(context.services, caller, [contactId])).get(contactId)
  const halves = whole === undefined ? [contactId] : [whole.id, ...whole.linked]
  return (row) => (journeyId === null || row.journeyId === journeyId) && (contactId === null || halves.includes(row.contactId))
}

/** What was found, in the order in which it changed. */
const inOrder = <Row>(ids: readonly string[], found: ReadonlyMap<string, Row>): Row[] => ids.flatMap((id) => found.get(id) ?? [])

/**
 * A generator over changes that can be stopped while it waits for one: a generator's own `return` is queued behind
 * the wait, and the socket of somebody who left would be watched for until the next change.
 */
export function stoppable<T>(changes: AsyncIterableIterator<Change>, rounds: AsyncGenerator<Round<T>>): AsyncIterableIterator<Round<T>> {
  const iterator: AsyncIterableIterator<Round<T>> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => rounds.next(),
    async return() {
      await changes.return?.()
      return rounds.return(undefined)
    },
  }
  return iterator
}

/** Rounds read of a workspace's changes of a kind, and of those of `also`, as the caller. */
export function stream<T>(
  context: ApiContext,
  kind: ChangeKind,
  read: (changes: AsyncIterableIterator<Change>, caller: Caller) => AsyncGenerator<Round<T>>,
  also?: Parameters<Hub['watch']>[2],
): AsyncIterableIterator<Round<T>> {
  const caller = callerWith(context, 'read')
  const changes = context.hub.watch(caller.workspaceId, kind, also)
  return stoppable(changes, read(changes, caller))
}

/** One thing as it stands: at once, then whenever changes concern it, coalesced. Ends once it is not there. */
export async function* coalesced<T>(
  changes: AsyncIterableIterator<Change>,
  concernIt: (ids: readonly string[]) => boolean | Promise<boolean>,
  read: () => Promise<T | null>,
): AsyncGenerator<Round<T>> {
  try {
    let value = await read()
    if (value === null) return
    yield { values: [value], missed: 0, standing: true }
    for await (const { ids, missed } of changes) {
      if (missed === 0 && !(await concernIt(ids))) continue
      // What changes meanwhile waits in the watcher, once.
      await new Promise((next) => setTimeout(next, PROGRESS_EVERY))
      value = await read()
      if (value === null) return
      yield { values: [value], missed: 0, standing: true }
    }
  } finally {
    await changes.return?.()
  }
}

/** Messages as they change, read in batches as the caller. */
export function messageUpdates(context: ApiContext, filter: MessageFilter): AsyncIterableIterator<Round<Message>> {
  return stream(context, 'messages', (changes, caller) => updates(context, caller, changes, filter))
}

async function* updates(context: ApiContext, caller: Caller, changes: AsyncIterable<Change>, filter: MessageFilter): AsyncGenerator<Round<Message>> {
  for await (const { ids, missed } of changes) {
    const fits = await fitting(context, caller, filter)
    const wanted = inOrder(ids, await messagesByIds(context.services, caller, ids)).filter(
      (row) =>
        fits(row) &&
        (filter.broadcastId === null || row.broadcastId === filter.broadcastId) &&
        (filter.channels === null || filter.channels.includes(row.channel)),
    )
    yield { values: wanted.map((row) => new Message(row)), missed }
  }
}

/** Enrollments as they change, read in batches as the caller. */
export function enrollmentChanges(context: ApiContext, filter: Filter): AsyncIterableIterator<Round<Enrollment>> {
  return stream(context, 'enrollments', (changes, caller) => moves(context, caller, changes, filter))
}

async function* moves(context: ApiContext, caller: Caller, changes: AsyncIterable<Change>, filter: Filter): AsyncGenerator<Round<Enrollment>> {
  for await (const { ids, missed } of changes) {
    const fits = await fitting(context, caller, filter)
    const wanted = inOrder(ids, await enrollmentsByIds(context.services, caller, ids)).filter(fits)
    yield { values: wanted.map((row) => new Enrollment(row)), missed }
  }
}

/** A journey's numbers: at once, then whenever they have changed, coalesced. Ends at once for a journey that is not there. */
export function journeyProgress(context: ApiContext, journeyId: string): AsyncIterableIterator<Round<JourneyProgress>> {
  return stream(context, 'journeys', (changes, caller) =>
    coalesced(
      changes,
      (ids) => ids.includes(journeyId),
      () => progress(context, caller, journeyId),
    ),
  )
}

async function progress({ services }: ApiContext, caller: Caller, journeyId: string): Promise<JourneyProgress | null> {
  const journey = (await journeysByIds(services, caller, [journeyId])).get(journeyId)
  if (journey === undefined) return null
  const graph = (await graphOf(services, caller, journey.liveVersionId ?? null)) ?? journey.draft ?? null
  const stats = await journeyStats(services, caller, { journeyId, versionId: null, range: null, graph })
  const nodes = graph === null ? [] : new JourneyGraph(journeyId, graph, journey.liveVersionId ?? null).nodes
  return { stats, nodes, at: new Date() }
}
