import { FIRST_ID } from '../../domain/ids.ts'
import { type TimelineKind, type TimelinePlace, writePlace } from '../../domain/timeline.ts'
import { ThroughlineError } from '../../errors.ts'
import { type Change, contactName } from '../../realtime/hub.ts'
import type { Round } from '../../realtime/share.ts'
import { contactsByIds } from '../../services/contacts.ts'
import type { Caller } from '../../services/context.ts'
import { entriesAt, placesOf } from '../../services/timeline.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { LARGEST_PAGE } from '../limits.ts'
import { stoppable } from '../live/streams.ts'
import { type Item, toItem } from './types.ts'

/**
 * Microseconds. Not everything is committed in the order in which it stands: an event stands where it arrived, and a tick may take it after
 * another has written what came later; the halves of a merged contact are written by ticks of their own. So what was told is kept in
 * mind for ten minutes, and what turns up among it is told all the same.
 */
const LATE = 600_000_000
/** Places read at once: more than anybody has in ten minutes. */
const MOST = 1_000

/** Where to read on, and what from there on needs no telling. */
interface Told {
  since: TimelinePlace
  places: ReadonlySet<string>
}

const startOf = (at: number): TimelinePlace => ({ at: Math.max(0, at), kind: 'CONSENT', seq: 0, n: 0, id: FIRST_ID })

/** What `places`, newest first, make of what was told. Where there are more than were read, it goes on behind the oldest of them. */
function told(before: TimelinePlace, places: readonly TimelinePlace[]): Told {
  const [newest, oldest] = [places[0], places.at(-1)]
  if (newest === undefined || oldest === undefined) return { since: before, places: new Set() }
  const late = startOf(newest.at - LATE)
  const since = places.length === MOST && oldest.at > late.at ? oldest : late.at > before.at ? late : before
  return { since, places: new Set(places.filter((place) => place.at >= since.at).map(writePlace)) }
}

/**
 * What is recorded of a contact from now on. Every time all since the last is read: a notice that was missed is made up for by the
 * next one, or by the connection's coming back. Throws NOT_FOUND.
 */
export async function contactTimeline(
  context: ApiContext,
  contactId: string,
  kinds: readonly TimelineKind[] | null,
): Promise<AsyncIterableIterator<Round<Item>>> {
  const caller = callerWith(context, 'read')
  const { services, hub } = context
  const halvesOf = async () => {
    const whole = (await contactsByIds(services, caller, [contactId])).get(contactId)
    if (whole === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such Contact.', { path: ['contactId'] })
    return [whole.id, ...whole.linked]
  }
  let halves = await halvesOf()
  const watch = () => hub.watch(contactName(caller.workspaceId, halves[0] ?? ''), 'contacts')
  let watched = watch()
  const changes: AsyncIterableIterator<Change> = {
    [Symbol.asyncIterator]: () => changes,
    next: () => watched.next(),
    return: async () => (await watched.return?.()) ?? { done: true, value: undefined },
  }
  /** Who it is may change: where they were merged into somebody, that is whom to watch. */
  const follow = async () => {
    const [whole] = halves
    halves = await halvesOf()
    if (halves[0] === whole) return halves
    const former = watched
    watched = watch()
    await former.return?.()
    return halves
  }
  return stoppable(changes, rounds(context, caller, changes, follow, kinds, await placesSoFar(context, caller, halves, kinds)))
}

async function placesSoFar(
  { services }: ApiContext,
  caller: Caller,
  halves: readonly string[],
  kinds: readonly TimelineKind[] | null,
): Promise<Told> {
  const [newest] = await placesOf(services, caller, halves, kinds, { first: 1, before: null })
  const since = startOf((newest?.at ?? 0) - LATE)
  return told(since, await placesOf(services, caller, halves, kinds, { first: MOST, before: null, since: writePlace(since) }))
}

async function* rounds(
  { services }: ApiContext,
  caller: Caller,
  changes: AsyncIterable<Change>,
  follow: () => Promise<readonly string[]>,
  kinds: readonly TimelineKind[] | null,
  before: Told,
): AsyncGenerator<Round<Item>> {
  let known = before
  for await (const _ of changes) {
    const halves = await follow()
    const places = await placesOf(services, caller, halves, kinds, { first: MOST, before: null, since: writePlace(known.since) })
    const fresh = places.filter((place) => !known.places.has(writePlace(place))).reverse()
    let missed = fresh.length === MOST ? 1 : 0
    known = told(known.since, places)
    for (let start = 0; start < fresh.length; start += LARGEST_PAGE) {
      const entries = await entriesAt(services, caller, halves, fresh.slice(start, start + LARGEST_PAGE))
      yield { values: entries.map(toItem), missed }
      missed = 0
    }
  }
}
