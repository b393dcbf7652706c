import { evaluate, matchesFilter } from './condition/evaluate.ts'
import { durationMillis } from './duration.ts'
import type { EventFact, Facts, Variables } from './facts.ts'
import { derivedId, laneOf } from './ids.ts'
import type { CompiledGraph, CompiledNode } from './journey/compile.ts'
import type { Decision, EnrollmentState } from './journey/enrollment.ts'
import { keyOf, matchesKey } from './journey/match.ts'
import type { ContactTriggerConfig, EventTriggerConfig, InactivityTriggerConfig } from './journey/nodes/triggers.ts'

/** An event older than this is history: it counts in conditions and triggers nothing. */
export const STALE_AFTER = 86_400_000

/** The entry guard of one (journey, contact, key): what has entered before. */
export interface EntrySlot {
  active: boolean
  lastEnteredAt: number | null
  lastEventId: string | null
}

export type Happening =
  | { type: 'event'; event: EventFact }
  | { type: 'contact'; change: 'CREATED' | 'CHANGED'; fields: readonly string[] }
  | { type: 'api'; node: string | null; event: EventFact }

/** What a trigger makes of a happening. `quiet` asks to be woken when nothing more has come until `until`. */
export type TriggerAnswer =
  | { type: 'enter'; key: string; event: EventFact | null }
  | { type: 'quiet'; key: string; until: number }
  | { type: 'refuse'; decision: Decision }
  | null

/** null where the happening is none of the trigger's business. */
export function askTrigger(trigger: CompiledNode, happening: Happening, now: number): TriggerAnswer {
  switch (trigger.kind.kind) {
    case 'event_trigger': {
      const config = trigger.config as EventTriggerConfig
      if (happening.type !== 'event' || happening.event.name !== config.event || !matchesFilter(happening.event.properties, config.where, now))
        return null
      return keyed(trigger, config.matchKey, happening.event, config.quietFor, now)
    }
    case 'api_trigger':
      if (happening.type !== 'api' || (happening.node !== null && happening.node !== trigger.key)) return null
      return keyed(trigger, (trigger.config as { matchKey?: string }).matchKey, happening.event, undefined, now)
    case 'contact_trigger': {
      const config = trigger.config as ContactTriggerConfig
      if (happening.type !== 'contact' || happening.change !== config.change) return null
      if (config.change === 'CHANGED' && config.fields && !config.fields.some((field) => happening.fields.includes(field))) return null
      return { type: 'enter', key: '', event: null }
    }
    case 'inactivity_trigger': {
      const config = trigger.config as InactivityTriggerConfig
      if (happening.type !== 'event' || (config.events && !config.events.includes(happening.event.name))) return null
      const until = happening.event.occurredAt + durationMillis(config.after)
      // Imported history may tell that the contact was active later than known; it must not make everybody enter.
      return until <= now && isStale(happening.event, now) ? refuseStale(trigger, happening.event) : { type: 'quiet', key: '', until }
    }
    default:
      return null
  }
}

const isStale = (event: EventFact, now: number) => now - event.occurredAt > STALE_AFTER

function refuseStale(trigger: CompiledNode, event: EventFact): TriggerAnswer {
  return { type: 'refuse', decision: { code: 'refused_stale', node: trigger.key, data: { eventId: event.id } } }
}

function keyed(trigger: CompiledNode, path: string | undefined, event: EventFact, quietFor: string | undefined, now: number): TriggerAnswer {
  if (isStale(event, now)) return refuseStale(trigger, event)
  const key = path === undefined ? '' : keyOf(event, path)
  if (key === null) return { type: 'refuse', decision: { code: 'refused_filter', node: trigger.key, data: { missing: path ?? null } } }
  return quietFor === undefined ? { type: 'enter', key, event } : { type: 'quiet', key, until: event.occurredAt + durationMillis(quietFor) }
}

/** Whether the contact may enter now; null: yes. `facts.history` must hold what `graph.history` asks for. */
export function refuseEntry(
  graph: CompiledGraph,
  trigger: CompiledNode,
  key: string,
  event: EventFact | null,
  slot: EntrySlot | null,
  facts: Facts,
  now: number,
): Decision | null {
  const refuse = (code: Decision['code'], data?: Decision['data']): Decision => ({ code, node: trigger.key, ...(data ? { data } : {}) })
  if (facts.contact.erased) return refuse('refused_filter', { reason: 'erased' })
  if (facts.paused) return refuse('refused_paused')
  const { rule, notWithin } = graph.reentry
  if (slot !== null) {
    if (rule === 'ONCE' && slot.lastEnteredAt !== null) return refuse('refused_reentry', { rule })
    if (rule === 'ONE_AT_A_TIME' && slot.active) return refuse('refused_reentry', { rule, reason: 'active' })
    if (rule === 'ONE_AT_A_TIME' && slot.lastEnteredAt !== null && now - slot.lastEnteredAt < notWithin)
      return refuse('refused_reentry', { rule, reason: 'not_within' })
    // Also where two triggers hear it and the first one's enrollment is over already: what an event begins has one id.
    if (event !== null && slot.lastEventId === event.id) return refuse('refused_reentry', { rule, reason: 'same_event' })
  }
  if (event !== null) {
    const overtaking = facts.history.find(
      (later) => later.id !== event.id && later.occurredAt >= event.occurredAt && endsJourney(graph, later, key, now),
    )
    if (overtaking !== undefined) return refuse('refused_exit_event', { event: overtaking.name, eventId: overtaking.id })
  }
  const { condition } = trigger.config as { condition?: Parameters<typeof evaluate>[0] }
  if (condition !== undefined && !evaluate(condition, { facts, enrollment: null, now })) return refuse('refused_filter')
  return null
}

/** Whether an event is an exit event or a goal of this journey under this key. */
export function endsJourney(graph: CompiledGraph, event: EventFact, key: string, now: number): boolean {
  const matches = (rule: { event: string | null; where: Parameters<typeof matchesFilter>[1]; matchKey: string | undefined }) =>
    rule.event === event.name && matchesKey(event, rule.matchKey, key) && matchesFilter(event.properties, rule.where, now)
  return graph.exitRules.some(matches) || graph.goals.some(matches)
}

/** A new enrollment, resting at its trigger until the `enter` input is folded. Its id derives from what made it enter. */
export function begin(
  graph: CompiledGraph,
  trigger: CompiledNode,
  contactId: string,
  key: string,
  event: EventFact | null,
  vars: Variables,
  cause: string,
  now: number,
): EnrollmentState {
  return {
    id: derivedId(now, laneOf(contactId), graph.journeyId, contactId, key, cause),
    journeyId: graph.journeyId,
    versionId: graph.versionId,
    contactId,
    key,
    enteredAt: now,
    trigger: { node: trigger.key, event },
    status: 'ACTIVE',
    endReason: null,
    endedAt: null,
    node: trigger.key,
    visit: 0,
    since: now,
    dueAt: null,
    memo: null,
    memory: {},
    vars,
    messages: {},
    goals: {},
    seq: 0,
  }
}
