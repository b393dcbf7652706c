import { type EventInput, judgeEvent } from '../domain/event-input.ts'
import { isLanedId, laneOf, laneOfReference, timeOf } from '../domain/ids.ts'
import { type ErrorCode, ThroughlineError } from '../errors.ts'
import { type EventRow, EventTable } from '../store/entities/event.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { IngestRow } from '../store/queries/ingest.ts'
import type { Caller, Services } from './context.ts'
import { digest128 } from './digest.ts'
import { takeIn } from './intake.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'

export const MOST_EVENTS = 1_000
/** Milliseconds: more than pass between a tick's look at the clock and its look into the inbox. */
const MOMENT = 1_000

export interface RejectedEvent {
  index: number
  messageId: string | null
  code: ErrorCode
  message: string
  path: readonly string[]
}

export interface Ingested {
  accepted: number
  duplicates: number
  rejected: RejectedEvent[]
}

/**
 * Takes up to 1,000 events; answers when they are committed to the inbox. The duplicate guard and the inbox are
 * all it touches: what the events mean is the ring's business.
 */
export async function ingestEvents(services: Services, caller: Caller, events: readonly EventInput[]): Promise<Ingested> {
  if (events.length > MOST_EVENTS) throw new ThroughlineError('LIMIT_EXCEEDED', `At most ${MOST_EVENTS} events a call.`, { path: ['events'] })
  const now = Date.now()
  const rejected: RejectedEvent[] = []
  const rows = new Map<string, IngestRow>()
  let sound = 0
  events.forEach((event, index) => {
    const fault = judgeEvent(event, now, services.lanes)
    if (fault !== null) {
      rejected.push({
        index,
        messageId: typeof event.messageId === 'string' ? event.messageId : null,
        code: 'INVALID_INPUT',
        message: fault.message,
        path: ['events', String(index), ...fault.path],
      })
      return
    }
    sound++
    const row = toRow(event, caller.workspaceId, services.lanes)
    if (!rows.has(row.digest)) rows.set(row.digest, row)
  })
  if (rows.size === 0) return { accepted: 0, duplicates: 0, rejected }
  const accepted = await takeIn(services.apiPool, caller.workspaceId, [...rows.values()])
  return { accepted, duplicates: sound - accepted, rejected }
}

function toRow(event: EventInput, workspaceId: string, lanes: number): IngestRow {
  const { id, externalId, anonymousId } = event.contact
  const reference = externalId != null ? `external:${externalId}` : anonymousId != null ? `anonymous:${anonymousId}` : null
  const lane = reference === null ? laneOf(id ?? '') : laneOfReference(workspaceId, reference, lanes)
  return {
    lane,
    digest: digest128('sha1', `${workspaceId}\n${reference ?? id}\n${event.messageId}`),
    contactId: reference === null ? (id ?? null) : null,
    reference,
    data: { messageId: event.messageId, name: event.name, properties: event.properties ?? {}, occurredAt: event.occurredAt ?? null },
  }
}

/** One event; null where there is none. Its id carries when it arrived; it is kept there, or at the tick that took it, a moment earlier. */
export async function getEvent(services: Services, caller: Caller, id: string): Promise<EventRow | null> {
  if (!isLanedId(id, services.lanes)) return null
  const at = timeOf(id)
  const receivedAt = { $gte: new Date(at - MOMENT), $lt: new Date(at + 1) }
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOne(EventTable, { lane: laneOf(id), receivedAt, id }))
}

/** Events of a contact and of who was merged into it, newest first: ids sort by time, whatever their lane. */
export async function listEvents(
  services: Services,
  caller: Caller,
  input: Slice & { contactIds: readonly string[]; name: string | null },
): Promise<EventRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      EventTable,
      {
        lane: { $in: [...new Set(input.contactIds.map(laneOf))] },
        contactId: { $in: [...input.contactIds] },
        ...(input.name === null ? {} : { name: input.name }),
        ...idsWithin(input),
      },
      orderOf(input),
    ),
  )
}
