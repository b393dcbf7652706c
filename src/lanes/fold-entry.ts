import { askTrigger, begin, type EntrySlot, type Happening, refuseEntry } from '../domain/entry.ts'
import type { EventFact } from '../domain/facts.ts'
import { laneOf } from '../domain/ids.ts'
import type { CompiledNode } from '../domain/journey/compile.ts'
import type { WatchRow } from '../store/queries/claim.ts'
import { type Case, type Item, isKnownHalf, type Running, slotOf, type Watch } from './case.ts'
import { advance, type FoldScope, keepSlot } from './fold-steps.ts'
import type { LiveJourney } from './journeys.ts'
import { KEPT, lookAgainAt, mayConcern } from './standstill.ts'

/** What happened while a journey stood still comes before its clocks, in its order. */
export function keptFirst(a: WatchRow, b: WatchRow): number {
  return Number(a.node !== KEPT) - Number(b.node !== KEPT) || (a.key < b.key ? -1 : 1)
}

/**
 * A watch is due: a trigger's clock, or what its journey could not judge while it stood still. Of a merged contact's clocks the last
 * one runs on; when that has run out, its known half enters, which may have heard more.
 */
export function wakeWatch(one: Case, { journey_id: journeyId, node, key, event }: WatchRow, scope: FoldScope): void {
  const journey = scope.configuration.byId.get(journeyId)
  const to = { journeyId, node, key, event }
  if (journey?.graph.fault) return writeWatch(one, { ...to, contactId: one.contactId, dueAt: lookAgainAt(scope.now) }, scope)
  const clocks = clocksOf(one, to)
  const own = clocks.find((each) => each.contactId === one.contactId)
  // Put off by something folded just now.
  if (journey && own && own.dueAt > scope.now) return
  writeWatch(one, { ...to, contactId: one.contactId, dueAt: null }, scope)
  const isCalledOff = node !== KEPT && (own === undefined || clocks.some((each) => isLater(each, own, one.facts.contact.id)))
  if (journey === undefined || isCalledOff) return
  if (isKnownHalf(one)) takeWatch(one, to, scope)
  else scope.outbox.forwards.push({ kind: 'watch', data: to, workspaceId: one.workspaceId, contactId: one.facts.contact.id })
}

/** A watch of this contact's or another half's has run out, and none has been wound since. */
export function takeWatch(one: Case, { journeyId, node, key, event }: Extract<Item, { kind: 'watch' }>['data'], scope: FoldScope): void {
  const journey = scope.configuration.byId.get(journeyId)
  if (journey === undefined) return
  if (node === KEPT) return pullOne(one, journey, event as Happening, scope)
  const trigger = journey.graph.nodes.get(node)
  const clocks = clocksOf(one, { journeyId, node, key })
  if (clocks.some((each) => each.dueAt > scope.now)) return
  if (journey.graph.fault) return setWatch(one, journeyId, node, key, lookAgainAt(scope.now), event as EventFact | null, scope)
  setWatch(one, journeyId, node, key, null, null, scope)
  if (trigger) enter(one, journey, trigger, key, event as EventFact | null, scope)
}

type Clock = Pick<Watch, 'journeyId' | 'node' | 'key'>
const clocksOf = (one: Case, { journeyId, node, key }: Clock): Watch[] =>
  one.watches.filter((each) => each.journeyId === journeyId && each.node === node && each.key === key)

/** Of clocks that run out at one instant the known half's is the last, and else that of the larger id. */
function isLater(other: Watch, own: Watch, known: string): boolean {
  if (other.dueAt !== own.dueAt) return other.dueAt > own.dueAt
  return own.contactId !== known && (other.contactId === known || other.contactId > own.contactId)
}

export function pull(one: Case, happening: Happening, scope: FoldScope): void {
  for (const journey of scope.configuration.journeys.get(one.workspaceId) ?? []) pullOne(one, journey, happening, scope)
}

export function pullOne(one: Case, journey: LiveJourney, happening: Happening, scope: FoldScope): void {
  const { fault } = journey.graph
  if (fault !== null) {
    if (!mayConcern(journey.graph, happening)) return
    const decision = journey.paused ? { code: 'refused_paused' as const, node: null } : { code: 'stands_still' as const, node: null, data: { fault } }
    scope.outbox.refuse(one.lane, one.workspaceId, one.contactId, journey.id, cause(happening), decision)
    const key = scope.outbox.newId(one.lane, one.contactId, journey.id)
    if (!journey.paused) setWatch(one, journey.id, KEPT, key, lookAgainAt(scope.now), happening, scope)
    return
  }
  for (const trigger of journey.graph.triggers) {
    const answered = askTrigger(trigger, happening, scope.now)
    if (answered === null) continue
    if (answered.type === 'refuse') scope.outbox.refuse(one.lane, one.workspaceId, one.contactId, journey.id, cause(happening), answered.decision)
    else if (answered.type === 'enter') enter(one, journey, trigger, answered.key, answered.event, scope)
    else {
      const clocks = clocksOf(one, { journeyId: journey.id, node: trigger.key, key: answered.key })
      const event = happening.type === 'event' ? happening.event : null
      setWatch(one, journey.id, trigger.key, answered.key, Math.max(answered.until, ...clocks.map(({ dueAt }) => dueAt)), event, scope)
    }
  }
}

function cause(happening: Happening): unknown {
  return happening.type === 'contact'
    ? { type: 'contact', change: happening.change }
    : { type: happening.type, eventId: happening.event.id, name: happening.event.name }
}

function enter(one: Case, journey: LiveJourney, trigger: CompiledNode, key: string, event: EventFact | null, scope: FoldScope): void {
  const { graph } = journey
  const row = slotOf(one, journey.id, key)
  const slot: EntrySlot | null = row
    ? { active: row.enrollment_id !== null, lastEnteredAt: row.last_entered_at, lastEventId: row.last_event_id }
    : null
  const facts = journey.paused ? { ...one.facts, paused: true } : one.facts
  const refused = refuseEntry(graph, trigger, key, event, slot, facts, scope.now)
  if (refused !== null)
    return scope.outbox.refuse(
      one.lane,
      one.workspaceId,
      one.contactId,
      journey.id,
      { type: 'enter', node: trigger.key, key, eventId: event?.id ?? null },
      refused,
    )
  // Of two changes in one tick each lets in somebody of its own.
  const state = begin(graph, trigger, one.contactId, key, event, {}, event?.id ?? scope.outbox.newId(one.lane, one.contactId, trigger.key), scope.now)
  const running: Running = { workspaceId: one.workspaceId, state, frozen: false }
  one.enrollments.set(state.id, running)
  keepSlot(one, one.workspaceId, state, { enrollmentId: state.id, entered: scope.now, event: event?.id ?? null }, scope)
  advance(one, running, { type: 'enter', node: trigger.key, event, vars: {} }, scope, true)
}

/** Winds a clock again, or calls it off where `dueAt` is null: of a merged contact the other halves', too. */
export function setWatch(
  one: Case,
  journeyId: string,
  node: string,
  key: string,
  dueAt: number | null,
  event: EventFact | Happening | null,
  scope: FoldScope,
): void {
  const to = { journeyId, node, key }
  for (const { contactId } of clocksOf(one, to))
    if (contactId !== one.contactId) writeWatch(one, { ...to, contactId, dueAt: null, event: null }, scope)
  writeWatch(one, { ...to, contactId: one.contactId, dueAt, event }, scope)
}

function writeWatch(one: Case, to: Clock & { contactId: string; dueAt: number | null; event: unknown }, scope: FoldScope): void {
  const { contactId, journeyId, node, key, dueAt, event } = to
  one.watches = one.watches.filter((each) => each.contactId !== contactId || each.journeyId !== journeyId || each.node !== node || each.key !== key)
  if (dueAt !== null) one.watches.push({ contactId, journeyId, node, key, dueAt })
  scope.outbox.watches.set(`${contactId} ${journeyId} ${node} ${key}`, {
    lane: laneOf(contactId),
    journey: journeyId,
    contact: contactId,
    node,
    key,
    workspace: one.workspaceId,
    due: dueAt,
    frozen: false,
    event,
  })
}
