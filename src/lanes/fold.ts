import type { Channel, IdentityStatus } from '../domain/channel.ts'
import { askTrigger, begin, type EntrySlot, endsJourney, type Happening, refuseEntry } from '../domain/entry.ts'
import type { EventFact } from '../domain/facts.ts'
import { derivedId, laneOf } from '../domain/ids.ts'
import type { CompiledGraph, CompiledNode } from '../domain/journey/compile.ts'
import type { Input } from '../domain/journey/enrollment.ts'
import type { JsonObject } from '../domain/json.ts'
import { understand } from '../domain/keywords.ts'
import { applyCallback, applyHeld, applyReply, applyResult, applyTimer, type LedgerChange, type LedgerEntry } from '../domain/ledger.ts'
import { step, withContactEffect } from '../domain/step.ts'
import type { WatchRow } from '../store/queries/claim.ts'
import { planAutoReply } from './auto-reply.ts'
import { type Case, type Item, type Running, setSlot, slotOf } from './case.ts'
import { planDirect } from './direct.ts'
import type { InboxItem } from './inbox.ts'
import type { Configuration, LiveJourney } from './journeys.ts'
import { fromEntry, toEntry } from './ledger-row.ts'
import type { Outbox } from './outbox.ts'
import { KEPT, keepInput, lookAgainAt, mayConcern, takeKept } from './standstill.ts'

/** What a fold needs besides its case. */
export interface FoldScope {
  configuration: Configuration
  versions: ReadonlyMap<string, CompiledGraph>
  outbox: Outbox
  now: number
}

/**
 * Folds everything one contact has before it: its inbox in order, then what has fallen due. The inbox comes
 * first, so an event acknowledged before a reminder is due always stops it.
 */
export function foldCase(one: Case, scope: FoldScope): void {
  for (const item of one.items) foldItem(one, item, scope)
  for (const id of one.dueMessages) changeMessage(one, id, scope, (entry) => applyTimer(entry, scope.now))
  for (const id of one.dueEnrollments) {
    const running = one.enrollments.get(id)
    if (running) advance(one, running, { type: 'timer' }, scope)
  }
  for (const watch of one.dueWatches.toSorted(keptFirst)) {
    const journey = scope.configuration.byId.get(watch.journey_id)
    if (journey?.graph.fault || watch.node === KEPT) {
      setWatch(one, watch.journey_id, watch.node, watch.key, journey?.graph.fault ? lookAgainAt(scope.now) : null, watch.event as Happening, scope)
      if (journey && !journey.graph.fault) pullOne(one, journey, watch.event as Happening, scope)
      continue
    }
    const trigger = journey?.graph.nodes.get(watch.node)
    const current = one.watches.find((each) => each.journeyId === watch.journey_id && each.node === watch.node && each.key === watch.key)
    // Called off or put off by something folded just now.
    if (journey && current && current.dueAt > scope.now) continue
    setWatch(one, watch.journey_id, watch.node, watch.key, null, null, scope)
    if (journey && trigger && current) enter(one, journey, trigger, watch.key, watch.event as EventFact | null, scope)
  }
}

/** What happened while a journey stood still comes before its clocks, in its order. */
function keptFirst(a: WatchRow, b: WatchRow): number {
  return Number(a.node !== KEPT) - Number(b.node !== KEPT) || (a.key < b.key ? -1 : 1)
}

function foldItem(one: Case, item: Item, scope: FoldScope): void {
  switch (item.kind) {
    case 'event': {
      const { messageId, name, properties, occurredAt } = item.data
      return hear(one, toEvent(one, item, messageId, name, properties, occurredAt), messageId, scope)
    }
    case 'echo':
      // Of a group's history, which is loaded for each of its halves, it may be a part already.
      if (!one.facts.history.some((each) => each.id === item.data.id)) one.facts = { ...one.facts, history: [...one.facts.history, item.data] }
      return advanceAll(one, item.data, scope)
    case 'contact': {
      for (const running of one.enrollments.values()) advance(one, running, { type: 'contact' }, scope)
      const change = item.data.change === 'created' ? 'CREATED' : 'CHANGED'
      return pull(one, { type: 'contact', change, fields: item.data.fields }, scope)
    }
    case 'enroll': {
      const event = toEvent(one, item, item.data.requestId, 'journey.enroll', item.data.properties, null)
      const journey = scope.configuration.byId.get(item.data.journeyId)
      if (!journey)
        return scope.outbox.refuse(
          one.lane,
          one.workspaceId,
          one.contactId,
          item.data.journeyId,
          { type: 'api' },
          { code: 'refused_not_live', node: item.data.node },
        )
      return pullOne(one, journey, { type: 'api', node: item.data.node, event }, scope)
    }
    case 'exit': {
      const running = one.enrollments.get(item.data.enrollmentId)
      return running && advance(one, running, { type: 'exit', reason: item.data.reason }, scope)
    }
    case 'send':
      return void planDirect(one, item.data, scope.outbox, scope.now)
    case 'answer': {
      const running = one.enrollments.get(item.data.enrollmentId)
      const { enrollmentId: _, ...answer } = item.data
      return running && advance(one, running, { type: 'answer', ...answer }, scope)
    }
    case 'result':
      return changeMessage(one, item.data.messageId, scope, (entry) =>
        applyResult(entry, item.data.attempt, item.data.outcome, item.data.at, scope.now),
      )
    case 'held':
      return changeMessage(one, item.data.messageId, scope, (entry, paused) => applyHeld(entry, item.data.reason, paused, scope.now))
    case 'callback':
      return changeMessage(one, item.data.messageId, scope, (entry) => applyCallback(entry, item.data))
    case 'inbound':
      return answer(one, item, scope)
    case 'preference':
      return setConsent(one, item.data.channel, item.data.state, 'preference', { ...scope, now: Math.min(item.data.at, scope.now) })
  }
}

function toEvent(one: Case, item: Item, messageId: string, name: string, properties: JsonObject, occurredAt: number | null): EventFact {
  const id = derivedId(item.receivedAt, one.lane, one.workspaceId, item.reference ?? one.contactId, messageId)
  return { id, name, properties, occurredAt: Math.min(occurredAt ?? item.receivedAt, item.receivedAt), receivedAt: item.receivedAt }
}

/** An event: kept, heard by what is running, and then perhaps the start of something. */
function hear(one: Case, event: EventFact, messageId: string | null, scope: FoldScope): void {
  scope.outbox.events.push({
    lane: one.lane,
    id: event.id,
    workspace: one.workspaceId,
    contact: one.contactId,
    message_id: messageId,
    name: event.name,
    properties: event.properties,
    occurred: event.occurredAt,
    received: event.receivedAt,
  })
  one.facts = { ...one.facts, history: [...one.facts.history, event] }
  advanceAll(one, event, scope)
  for (const contactId of one.linked) scope.outbox.forwards.push({ kind: 'echo', data: event, workspaceId: one.workspaceId, contactId } as InboxItem)
  for (const watch of [...one.watches]) {
    const journey = scope.configuration.byId.get(watch.journeyId)
    if (!journey || !endsJourney(journey.graph, event, watch.key, scope.now)) continue
    setWatch(one, watch.journeyId, watch.node, watch.key, null, null, scope)
    const decision = { code: 'quiet_cancelled' as const, node: watch.node, data: { event: event.name } }
    const cause = { type: 'event', eventId: event.id, name: event.name, key: watch.key }
    scope.outbox.refuse(one.lane, one.workspaceId, one.contactId, watch.journeyId, cause, decision)
  }
  pull(one, { type: 'event', event }, scope)
}

function advanceAll(one: Case, event: EventFact, scope: FoldScope): void {
  for (const running of one.enrollments.values()) {
    const graph = graphOf(running, scope)
    if (graph && (graph.listensTo.has(event.name) || graph.hasExitConditions)) advance(one, running, { type: 'event', event }, scope)
  }
}

/** The version it entered; where that is not known, what is live of its journey. */
function graphOf({ state }: Running, { versions, configuration }: FoldScope): CompiledGraph | undefined {
  return versions.get(state.versionId) ?? configuration.byId.get(state.journeyId)?.graph
}

/** One step of one enrollment; what changes nothing leaves no trace. */
function advance(one: Case, running: Running, input: Input, scope: FoldScope, isNew = false): void {
  const graph = graphOf(running, scope)
  if (graph === undefined) return
  const { outbox } = scope
  if (graph.fault !== null && running.state.status === 'ACTIVE' && input.type !== 'exit') {
    const { state, workspaceId } = running
    running.state = keepInput(state.kept ? state : { ...state, seq: state.seq + 1 }, input, scope.now)
    outbox.saveEnrollment(workspaceId, running.state, { isNew, frozen: false })
    if (!state.kept) outbox.record(workspaceId, running.state, input, [{ code: 'stands_still', node: state.node, data: { fault: graph.fault } }])
    return
  }
  if (running.state.kept) {
    const { state, inputs } = takeKept(running.state)
    running.state = state
    outbox.saveEnrollment(running.workspaceId, state, { isNew, frozen: false })
    for (const missed of inputs) advance(one, running, missed, scope)
  }
  const journey = scope.configuration.byId.get(running.state.journeyId)
  const paused = journey?.paused ?? false
  const facts = paused ? { ...one.facts, paused } : one.facts
  const before = running.state
  const { state, effects, trace } = step(graph, before, input, facts, scope.now)
  const frozen = paused && state.dueAt !== null && state.dueAt <= scope.now
  if (trace.length === 0 && effects.length === 0 && state.dueAt === before.dueAt && state.memo === before.memo && !frozen) return
  running.state = state
  outbox.saveEnrollment(running.workspaceId, state, { isNew, frozen })
  if (trace.length > 0) outbox.record(running.workspaceId, state, input, trace)
  for (const effect of effects) {
    outbox.carryOut(running.workspaceId, state, effect, one.facts)
    if (effect.type === 'contact') one.facts = withContactEffect(one.facts, effect)
    if (effect.type === 'message' && effect.message.dedupeKey !== null && effect.message.verdict.type !== 'suppress') {
      one.facts = { ...one.facts, dedupe: [...one.facts.dedupe, { key: effect.message.dedupeKey, at: scope.now }] }
    }
  }
  if (before.status === 'ACTIVE' && state.status !== 'ACTIVE') releaseSlot(one, running, scope)
}

function releaseSlot(one: Case, { state, workspaceId }: Running, scope: FoldScope): void {
  const slot = slotOf(one, state.journeyId, state.key)
  const entered = slot?.last_entered_at ?? state.enteredAt
  const event = slot?.last_event_id ?? state.trigger.event?.id ?? null
  keepSlot(one, workspaceId, state, { enrollmentId: null, entered, event }, scope)
}

/** The guard of one journey and key, for the rest of this tick and for the next. */
function keepSlot(
  one: Case,
  workspaceId: string,
  of: { id: string; journeyId: string; contactId: string; key: string },
  to: { enrollmentId: string | null; entered: number; event: string | null },
  scope: FoldScope,
): void {
  const { journeyId, contactId, key } = of
  const lane = laneOf(of.id)
  scope.outbox.slots.set(`${contactId} ${journeyId} ${key}`, {
    lane,
    journey: journeyId,
    contact: contactId,
    key,
    workspace: workspaceId,
    enrollment: to.enrollmentId,
    entered: to.entered,
    event: to.event,
  })
  setSlot(one, {
    lane,
    journey_id: journeyId,
    contact_id: contactId,
    key,
    enrollment_id: to.enrollmentId,
    last_entered_at: to.entered,
    last_event_id: to.event,
  })
}

function pull(one: Case, happening: Happening, scope: FoldScope): void {
  for (const journey of scope.configuration.journeys.get(one.workspaceId) ?? []) pullOne(one, journey, happening, scope)
}

function pullOne(one: Case, journey: LiveJourney, happening: Happening, scope: FoldScope): void {
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

function setWatch(
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

function changeMessage(one: Case, id: string, scope: FoldScope, change: (entry: LedgerEntry, paused: boolean) => LedgerChange): void {
  const row = one.messages.find((each) => each.id === id)
  if (row === undefined) return
  const before = toEntry(row)
  const journey = row.journey_id === null ? undefined : scope.configuration.byId.get(row.journey_id)
  const changed = change(before, journey?.paused ?? false)
  if (changed.entry === before && changed.history === null) return
  scope.outbox.saveLedger(row, changed)
  fromEntry(row, changed.entry)
  if (changed.identity !== null && row.identity_id !== null) setIdentity(one, row.identity_id, changed.identity)
  if (changed.optOut) setConsent(one, row.channel as Channel, changed.optOut, changed.optOut === 'SUPPRESSED' ? 'complaint' : 'provider', scope)
  const running = row.enrollment_id === null ? undefined : one.enrollments.get(row.enrollment_id)
  if (changed.signal !== null && running) advance(one, running, { type: 'signal', messageId: id, ...changed.signal }, scope)
}

/** What is planned later in this tick does without an address that has just been found dead. */
function setIdentity(one: Case, id: string, status: IdentityStatus): void {
  one.facts = { ...one.facts, identities: one.facts.identities.map((each) => (each.id === id ? { ...each, status } : each)) }
}

/** A person wrote back: a keyword acts at once and may be answered; everything is an event, and a reply to what was sent last. */
function answer(one: Case, item: Extract<Item, { kind: 'inbound' }>, scope: FoldScope): void {
  const { channel, text, providerMessageId, at, to } = item.data
  const rules = scope.configuration.keywordRules.get(one.workspaceId) ?? []
  const { keyword, action, rule } = understand(text, channel, one.facts.contact.locale, rules)
  if (action === 'OPT_OUT') setConsent(one, channel, 'WITHDRAWN', 'keyword', scope)
  if (action === 'OPT_IN') setConsent(one, channel, 'GRANTED', 'keyword', scope)
  if (rule !== null) planAutoReply(one, item, rule, keyword, scope.outbox, scope.now)
  const chosen = one.messages.find((row) => row.id === item.data.inReplyTo && row.channel === channel)?.id
  const last = chosen ?? one.lastSent.find((sent) => sent.channel === channel)?.messageId
  if (last !== undefined) changeMessage(one, last, scope, (entry) => applyReply(entry, Math.min(at, scope.now)))
  const properties: JsonObject = { ...item.data.properties, text, to, keyword, inReplyTo: last ?? null }
  hear(one, toEvent(one, item, providerMessageId, `${channel}.message.received`, properties, at), providerMessageId, scope)
}

/** A suppression is the workspace's to lift, as with a contact's own token: nothing a person or a provider says weakens it. */
function setConsent(one: Case, channel: Channel, state: 'GRANTED' | 'WITHDRAWN' | 'SUPPRESSED', source: string, scope: FoldScope): void {
  const known = one.facts.consents.find((each) => each.channel === channel && each.topic === null)?.state
  if (state !== 'SUPPRESSED' && known === 'SUPPRESSED') return
  // As where the API changes it: conditions to leave by and triggers ask for it, and what is running is not loaded for a callback alone.
  if (state !== known) {
    const change = { kind: 'contact' as const, data: { change: 'changed' as const, fields: ['$consent'] } }
    scope.outbox.forwards.push({ ...change, workspaceId: one.workspaceId, contactId: one.contactId })
  }
  const id = scope.outbox.newId(one.lane, one.contactId, channel)
  scope.outbox.consents.push({
    lane: one.lane,
    id,
    workspace: one.workspaceId,
    contact: one.contactId,
    channel,
    state,
    source,
    purpose: 'marketing',
    at: scope.now,
  })
  one.facts = {
    ...one.facts,
    consents: [...one.facts.consents.filter((each) => each.channel !== channel || each.topic !== null), { channel, topic: null, state }],
  }
}
