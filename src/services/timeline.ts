import { laneOf } from '../domain/ids.ts'
import { readPlace, TIMELINE_KINDS, type TimelineKind, type TimelinePlace } from '../domain/timeline.ts'
import { type ConsentChangeRow, ConsentChangeTable } from '../store/entities/consent-change.ts'
import { type ConversionRow, ConversionTable } from '../store/entities/conversion.ts'
import { type EventRow, EventTable } from '../store/entities/event.ts'
import type { MessageRow } from '../store/entities/message.ts'
import { type MessageStatusRow, MessageStatusTable } from '../store/entities/message-status.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { findPlaces, readVisits, type VisitRow } from '../store/queries/timeline.ts'
import { inWorkspace } from '../store/sql.ts'
import type { Caller, Services } from './context.ts'
import type { Visit } from './enrollments.ts'
import { messagesByIds } from './messages.ts'
import type { Slice } from './slice.ts'

/** Something of a contact's history, and where it stands there. */
export type TimelineEntry = { place: TimelinePlace } & (
  | { kind: 'CONSENT'; row: ConsentChangeRow }
  | { kind: 'EVENT'; row: EventRow }
  | { kind: 'CONVERSION'; row: ConversionRow }
  | { kind: 'VISIT'; row: Visit & { enrollmentId: string } }
  | { kind: 'MESSAGE'; row: MessageRow }
  | { kind: 'STATUS'; row: MessageStatusRow }
)

/** A contact and whoever was merged into it. */
type Halves = readonly string[]

/**
 * A part of a history, newest first; `before` and `since` as `writePlace` writes them. One statement however many kinds and halves, and one
 * for each kind that is found.
 */
export async function listTimeline(
  services: Services,
  caller: Caller,
  contactIds: Halves,
  kinds: readonly TimelineKind[] | null,
  slice: Slice,
): Promise<TimelineEntry[]> {
  return entriesAt(services, caller, contactIds, await placesOf(services, caller, contactIds, kinds, slice))
}

/** Where what there is of a history stands, without reading it. */
export async function placesOf(
  services: Services,
  caller: Caller,
  contactIds: Halves,
  kinds: readonly TimelineKind[] | null,
  { first, before, since = null, oldestFirst = false }: Slice,
): Promise<TimelinePlace[]> {
  const bounds = { before: before === null ? null : readPlace(before), since: since === null ? null : readPlace(since) }
  const halves = contactIds.map((id) => ({ lane: laneOf(id), id }))
  const query = { halves, kinds: kinds ?? TIMELINE_KINDS, ...bounds, oldestFirst, limit: first }
  return inWorkspace(services.apiPool, caller.workspaceId, (client) => findPlaces(client, query))
}

/** What stands at these places, in their order. What has gone meanwhile, as old things do, is left out. */
export async function entriesAt(services: Services, caller: Caller, contactIds: Halves, places: readonly TimelinePlace[]): Promise<TimelineEntry[]> {
  const found = new Map<string, unknown>()
  /** Reads what is of this kind, if anything is. */
  const read = async (kind: TimelineKind, find: (places: readonly TimelinePlace[]) => Promise<readonly { id: string; n?: number }[]>) => {
    const these = places.filter((place) => place.kind === kind)
    if (these.length > 0) for (const row of await find(these)) found.set(`${kind} ${row.id} ${row.n ?? 0}`, row)
  }
  await Promise.all([
    inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
      await read('CONSENT', (these) => em.find(ConsentChangeTable, byId(these)))
      await read('CONVERSION', (these) => em.find(ConversionTable, byId(these)))
      await read('EVENT', (these) => em.find(EventTable, byTime(contactIds, these)))
      await read('STATUS', (these) => em.find(MessageStatusTable, byTime(contactIds, these)))
    }),
    read('MESSAGE', async (these) => [...(await messagesByIds(services, caller, these.map(idOf))).values()]),
    read('VISIT', async (these) => (await inWorkspace(services.apiPool, caller.workspaceId, (client) => readVisits(client, these))).map(toVisit)),
  ])
  return places.flatMap((place) => {
    const row = found.get(`${place.kind} ${place.id} ${place.n}`)
    return row === undefined ? [] : [{ place, kind: place.kind, row } as TimelineEntry]
  })
}

const idOf = ({ id }: TimelinePlace) => id
const byId = (places: readonly TimelinePlace[]) => ({
  lane: { $in: [...new Set(places.map(({ id }) => laneOf(id)))] },
  id: { $in: places.map(idOf) },
})

/** By the index of the timeline itself: between the first and the last of a page stand hardly any others of the contact's. */
function byTime(contactIds: Halves, places: readonly TimelinePlace[]) {
  const instants = places.map((place) => place.at / 1_000)
  return {
    ...byId(places),
    contactId: { $in: [...contactIds] },
    receivedAt: { $gte: new Date(Math.floor(Math.min(...instants))), $lte: new Date(Math.ceil(Math.max(...instants))) },
  }
}

const toVisit = ({ id, n, enrollment_id: enrollmentId, node, entered, left, port }: VisitRow) => ({
  ...{ id, n, enrollmentId, node, port },
  enteredAt: new Date(entered),
  leftAt: left === null ? null : new Date(left),
})
