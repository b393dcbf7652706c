import { isLanedId, laneOf } from '../domain/ids.ts'
import type { Decision, EnrollmentStatus } from '../domain/journey/enrollment.ts'
import { isStorableJson, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver, type InboxItem } from '../lanes/inbox.ts'
import { type EnrollmentRow, EnrollmentTable } from '../store/entities/enrollment.ts'
import { type JournalEntryRow, JournalEntryTable } from '../store/entities/journal-entry.ts'
import { JourneyTable } from '../store/entities/journey.ts'
import { JourneyVersionTable } from '../store/entities/journey-version.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { type ContactReference, referenceOf } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { halvesOf } from './halves.ts'
import { once } from './idempotency.ts'
import { isId, nameOf } from './input.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { clientOf } from './transaction.ts'

export const MOST_ENROLLED = 1_000

export interface EnrollContacts {
  journeyId: string
  /** The API trigger to enter by; every one of the journey's where left out. */
  trigger?: string | null | undefined
  contacts: readonly ContactReference[]
  /** The trigger event's properties. */
  properties?: JsonObject | null | undefined
  idempotencyKey?: string | null | undefined
}

/** Asks the ring to enroll; whether each may enter is decided there, and traced. Answers how many were asked for. */
export async function enrollContacts(services: Services, caller: Caller, input: EnrollContacts): Promise<number> {
  if (input.contacts.length > MOST_ENROLLED)
    throw new ThroughlineError('LIMIT_EXCEEDED', `At most ${MOST_ENROLLED} contacts a call.`, { path: ['contacts'] })
  if (!isStorableJson(input.properties ?? {})) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path: ['properties'] })
  const items = input.contacts.map((contact, index): InboxItem => {
    let reference: ReturnType<typeof referenceOf>
    try {
      reference = referenceOf(contact)
    } catch (error) {
      throw error instanceof ThroughlineError
        ? new ThroughlineError(error.code, error.message, { path: ['contacts', String(index), ...(error.path ?? []).slice(1)] })
        : error
    }
    if (reference === null && !isLanedId(contact.id ?? '', services.lanes))
      throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contacts', String(index), 'id'] })
    const data = { journeyId: input.journeyId, node: input.trigger ?? null, properties: input.properties ?? {}, requestId: newId() }
    const whose = reference === null ? { contactId: contact.id ?? '' } : { reference }
    return { kind: 'enroll', data, workspaceId: caller.workspaceId, ...whose }
  })
  return once(services, caller, 'enrollContacts', input.idempotencyKey, input, async (em) => {
    const journey = isId(input.journeyId) ? await em.findOne(JourneyTable, { id: input.journeyId }) : null
    if (journey === null) throw new ThroughlineError('NOT_FOUND', 'There is no such journey.', { path: ['journeyId'] })
    if (journey.status !== 'LIVE') throw new ThroughlineError('CONFLICT', `The journey is ${journey.status}.`, { path: ['journeyId'] })
    const live = await em.findOneOrFail(JourneyVersionTable, { id: journey.liveVersionId ?? '' })
    // The ring asks the triggers by name and is silent where none answers: a typo would enroll nobody and say nothing.
    if (!live.graph.nodes.some((node) => node.kind === 'api_trigger' && (input.trigger == null || node.key === input.trigger))) {
      throw new ThroughlineError('NOT_FOUND', 'The journey has no such API trigger.', { path: ['trigger'] })
    }
    await deliver(clientOf(em), items, services.lanes)
    return items.length
  })
}

/** Ends enrollments as exited; by id, or everybody a journey holds. Answers how many were asked to leave. */
export async function exitEnrollments(
  services: Services,
  caller: Caller,
  input: { ids?: readonly string[] | null | undefined; journeyId?: string | null | undefined; reason?: string | null | undefined },
): Promise<number> {
  if ((input.ids == null) === (input.journeyId == null))
    throw new ThroughlineError('INVALID_INPUT', 'give either ids or journeyId', { path: ['ids'] })
  const reason = input.reason == null ? 'exited_by_api' : nameOf(input.reason, 'reason')
  const leave = (rows: EnrollmentRow[]) =>
    rows.map(
      (row): InboxItem => ({ kind: 'exit', data: { enrollmentId: row.id, reason }, workspaceId: caller.workspaceId, contactId: row.contactId }),
    )
  if (input.journeyId != null && !isId(input.journeyId)) throw new ThroughlineError('NOT_FOUND', 'There is no such journey.', { path: ['journeyId'] })
  const ids = input.ids?.filter((id) => isLanedId(id, services.lanes)) ?? []
  let asked = 0
  for (let after = ''; ; ) {
    const rows = await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
      const which = input.ids != null ? { id: { $in: ids }, lane: { $in: [...new Set(ids.map(laneOf))] } } : { journeyId: input.journeyId ?? '' }
      const found = await em.find(
        EnrollmentTable,
        { $and: [which, { status: 'ACTIVE' }, after === '' ? {} : { id: { $gt: after } }] },
        { orderBy: { id: 'asc' }, limit: 1_000 },
      )
      await deliver(clientOf(em), leave(found), services.lanes)
      return found
    })
    asked += rows.length
    after = rows.at(-1)?.id ?? after
    if (rows.length < 1_000) return asked
  }
}

export async function enrollmentsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, EnrollmentRow>> {
  const sound = ids.filter((id) => isLanedId(id, services.lanes))
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(EnrollmentTable, { lane: { $in: [...new Set(sound.map(laneOf))] }, id: { $in: sound } }),
  )
  return new Map(rows.map((row) => [row.id, row]))
}

export interface ListEnrollments extends Slice {
  journeyId: string | null
  contactId: string | null
  status: readonly EnrollmentStatus[] | null
  node: string | null
}

/** Newest first. */
export async function listEnrollments(services: Services, caller: Caller, input: ListEnrollments): Promise<EnrollmentRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const which = {
      ...(input.journeyId === null ? {} : { journeyId: input.journeyId }),
      ...(input.node === null ? {} : { node: input.node }),
      ...idsWithin(input),
    }
    const status = input.status === null ? {} : { status: { $in: [...input.status] } }
    if (input.contactId === null) return em.find(EnrollmentTable, { ...which, ...status }, orderOf(input))
    // The running and the ended of a contact stand in an index each: one over both would be written to by every step.
    const whose = { ...which, ...(await halvesOf(em, input.contactId)) }
    const running = await em.find(EnrollmentTable, { ...whose, $and: [{ status: 'ACTIVE' }, status] }, orderOf(input))
    const ended = await em.find(EnrollmentTable, { ...whose, $and: [{ status: { $ne: 'ACTIVE' } }, status] }, orderOf(input))
    const sign = input.oldestFirst ? 1 : -1
    return [...running, ...ended].sort((a, b) => (a.id < b.id ? -sign : sign)).slice(0, input.first)
  })
}

/** One decision with when it was made. */
export interface TracedDecision extends Decision {
  id: string
  at: Date
  enrollmentId: string | null
}

type Entered = Pick<EnrollmentRow, 'id' | 'contactId' | 'enteredAt'>

/** Its rows are found among its contact's, from its beginning on: an index of their own cost every step. */
const journalOf = ({ id, contactId, enteredAt }: Entered) => ({ lane: laneOf(id), contactId, at: { $gte: enteredAt }, enrollmentId: id })

/** Why an enrollment is where it is: every decision, oldest first. */
export async function traceOf(services: Services, caller: Caller, enrollment: Entered): Promise<TracedDecision[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(JournalEntryTable, journalOf(enrollment), { orderBy: { seq: 'asc' }, limit: 5_000 }),
  )
  return rows.flatMap(decisionsOf)
}

/** `seq.index` of a decision among its enrollment's: which of its journal's entries, and which of that one's. */
export const DECISION_POSITION = /^\d{1,9}\.\d{1,9}$/

const placeOf = (position: string | null | undefined): [seq: number, index: number] | null => {
  if (position == null) return null
  const [seq = 0, index = 0] = position.split('.').map(Number)
  return [seq, index]
}

/** Part of a trace. The list begins with the oldest: `before` is what it goes on behind, and `oldestFirst` counts from its end, the newest. */
export async function listDecisions(
  services: Services,
  caller: Caller,
  enrollment: Entered,
  { first, before, since, oldestFirst: fromEnd = false }: Slice,
): Promise<(TracedDecision & { position: string })[]> {
  const [after, until] = [placeOf(before), placeOf(since)]
  const seq = { ...(after === null ? {} : { $gte: after[0] }), ...(until === null ? {} : { $lte: until[0] }) }
  // Every entry holds a decision, and of the one the cursor is in none may be left.
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      JournalEntryTable,
      { ...journalOf(enrollment), ...(after === null && until === null ? {} : { seq }) },
      { orderBy: { seq: fromEnd ? 'desc' : 'asc' }, limit: first + 1 },
    ),
  )
  const follows = (a: readonly [number, number], b: readonly [number, number]) => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])
  const found = rows.flatMap((row) => {
    const all = decisionsOf(row).map((decision, index) => ({ decision, place: [row.seq, index] as const }))
    return fromEnd ? all.reverse() : all
  })
  return found
    .filter(({ place }) => (after === null || follows(place, after)) && (until === null || follows(until, place)))
    .slice(0, first)
    .map(({ decision, place }) => ({ ...decision, position: place.join('.') }))
}

/** Entries that were refused to a contact, newest first. */
export async function refusalsOf(services: Services, caller: Caller, contactId: string, first: number): Promise<TracedDecision[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, async (em) =>
    em.find(JournalEntryTable, { ...(await halvesOf(em, contactId)), enrollmentId: null }, { orderBy: { at: 'desc' }, limit: first }),
  )
  return rows.flatMap(decisionsOf)
}

function decisionsOf(row: JournalEntryRow): TracedDecision[] {
  return row.decisions.map((decision, index) => ({ ...decision, id: `${row.id}:${index}`, at: row.at, enrollmentId: row.enrollmentId ?? null }))
}

export interface Visit {
  node: string
  enteredAt: Date
  leftAt: Date | null
  port: string | null
}

/** The nodes an enrollment has been to, in order, read out of its trace. */
export function visitsOf(trace: readonly TracedDecision[]): Visit[] {
  const visits: Visit[] = []
  for (const { code, node, at, port } of trace) {
    if ((code === 'entered' || code === 'arrived') && node !== null) visits.push({ node, enteredAt: at, leftAt: null, port: null })
    const last = visits.at(-1)
    if (code === 'left' && last !== undefined && last.node === node) Object.assign(last, { leftAt: at, port: port ?? null })
  }
  return visits
}
