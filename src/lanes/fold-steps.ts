import type { EventFact } from '../domain/facts.ts'
import { laneOf } from '../domain/ids.ts'
import type { CompiledGraph } from '../domain/journey/compile.ts'
import type { Input } from '../domain/journey/enrollment.ts'
import { step, withContactEffect } from '../domain/step.ts'
import { type Case, type Running, setSlot } from './case.ts'
import type { Configuration } from './journeys.ts'
import type { Outbox } from './outbox.ts'
import { noteSaid } from './said.ts'
import { keepInput, takeKept } from './standstill.ts'

/** What a fold needs besides its case. */
export interface FoldScope {
  configuration: Configuration
  versions: ReadonlyMap<string, CompiledGraph>
  outbox: Outbox
  now: number
}

export function advanceAll(one: Case, event: EventFact, scope: FoldScope): void {
  for (const running of one.enrollments.values()) {
    const graph = graphOf(running, scope)
    if (graph && (graph.listensTo.has(event.name) || graph.hasExitConditions)) advance(one, running, { type: 'event', event }, scope)
  }
}

/** The version it entered; where that is not known, what is live of its journey. */
export function graphOf({ state }: Running, { versions, configuration }: FoldScope): CompiledGraph | undefined {
  return versions.get(state.versionId) ?? configuration.byId.get(state.journeyId)?.graph
}

/** One step of one enrollment; what changes nothing leaves no trace. */
export function advance(one: Case, running: Running, input: Input, scope: FoldScope, isNew = false): void {
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
  // A timer that a pause froze stays so after it, until the resumption thaws it or the step sets another.
  const frozen = state.dueAt !== null && (paused ? state.dueAt <= scope.now : running.frozen && state.dueAt === before.dueAt)
  if (trace.length === 0 && effects.length === 0 && state.dueAt === before.dueAt && state.memo === before.memo && frozen === running.frozen) return
  running.state = state
  running.frozen = frozen
  outbox.saveEnrollment(running.workspaceId, state, { isNew, frozen })
  if (trace.length > 0) outbox.record(running.workspaceId, state, input, trace)
  for (const effect of effects) {
    outbox.carryOut(running.workspaceId, state, effect, one.facts)
    if (effect.type === 'contact') one.facts = withContactEffect(one.facts, effect)
    if (effect.type === 'message' && effect.message.dedupeKey !== null && effect.message.verdict.type !== 'suppress')
      noteSaid(one, effect.message.dedupeKey, outbox)
  }
  if (before.status === 'ACTIVE' && state.status !== 'ACTIVE') releaseSlot(one, running, scope)
}

function releaseSlot(one: Case, { state, workspaceId }: Running, scope: FoldScope): void {
  const slot = one.slots.find((each) => each.journey_id === state.journeyId && each.key === state.key && each.contact_id === state.contactId)
  const entered = slot?.last_entered_at ?? state.enteredAt
  const event = slot?.last_event_id ?? state.trigger.event?.id ?? null
  keepSlot(one, workspaceId, state, { enrollmentId: null, entered, event }, scope)
}

/** The guard of one journey and key, for the rest of this tick and for the next. */
export function keepSlot(
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
