import { askTrigger, begin, type EntrySlot, type Happening, refuseEntry } from '../domain/entry.ts'
import type { EventFact } from '../domain/facts.ts'
import type { CompiledNode } from '../domain/journey/compile.ts'
import type { WatchRow } from '../store/queries/claim.ts'
import { type Case, type Running, slotOf } from './case.ts'
import { advance, type FoldScope, keepSlot } from './fold-steps.ts'
import type { LiveJourney } from './journeys.ts'
import { KEPT, lookAgainAt, mayConcern } from './standstill.ts'

/** What happened while a journey stood still comes before its clocks, in its order. */
export function keptFirst(a: WatchRow, b: WatchRow): number {
  return Number(a.node !== KEPT) - Number(b.node !== KEPT) || (a.key < b.key ? -1 : 1)
}

/** A watch is due: a trigger's clock, or what its journey could not judge while it stood still. */
export function wakeWatch(one: Case, watch: WatchRow, scope: FoldScope): void {
  const journey = scope.configuration.byId.get(watch.journey_id)
  if (journey?.graph.fault || watch.node === KEPT) {
    setWatch(one, watch.journey_id, watch.node, watch.key, journey?.graph.fault ? lookAgainAt(scope.now) : null, watch.event as Happening, scope)
    if (journey && !journey.graph.fault) pullOne(one, journey, watch.event as Happening, scope)
    return
  }
  const trigger = journey?.graph.nodes.get(watch.node)
  const current = one.watches.find((each) => each.journeyId === watch.journey_id && each.node === watch.node && each.key === watch.key)
  // Called off or put off by something folded just now.
  if (journey && current && current.dueAt > scope.now) return
  setWatch(one, watch.journey_id, watch.node, watch.key, null, null, scope)
  if (journey && trigger && current) enter(one, journey, trigger, watch.key, watch.event as EventFact | null, scope)
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
      const known = one.watches.find((each) => each.journeyId === journey.id && each.node === trigger.key && each.key === answered.key)
      const event = happening.type === 'event' ? happening.event : null
      setWatch(one, journey.id, trigger.key, answered.key, Math.max(answered.until, known?.dueAt ?? 0), event, scope)
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
  const running: Running = { workspaceId: one.workspaceId, state }
  one.enrollments.set(state.id, running)
  keepSlot(one, one.workspaceId, state, { enrollmentId: state.id, entered: scope.now, event: event?.id ?? null }, scope)
  advance(one, running, { type: 'enter', node: trigger.key, event, vars: {} }, scope, true)
}

export function setWatch(
  one: Case,
  journeyId: string,
  node: string,
  key: string,
  dueAt: number | null,
  event: EventFact | Happening | null,
  scope: FoldScope,
): void {
  one.watches = one.watches.filter((each) => each.journeyId !== journeyId || each.node !== node || each.key !== key)
  if (dueAt !== null) one.watches.push({ journeyId, node, key, dueAt })
  scope.outbox.watches.set(`${one.contactId} ${journeyId} ${node} ${key}`, {
    lane: one.lane,
    journey: journeyId,
    contact: one.contactId,
    node,
    key,
    workspace: one.workspaceId,
    due: dueAt,
    frozen: false,
    event,
  })
}
