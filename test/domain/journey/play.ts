import { begin } from '../../../src/domain/entry.ts'
import type { EventFact, Facts, Variables } from '../../../src/domain/facts.ts'
import { type CompiledGraph, compile } from '../../../src/domain/journey/compile.ts'
import type { EnrollmentState, Input, PlannedCall, PlannedMessage, Signal, StepResult } from '../../../src/domain/journey/enrollment.ts'
import type { Graph } from '../../../src/domain/journey/graph.ts'
import { validate } from '../../../src/domain/journey/validate.ts'
import type { JsonObject } from '../../../src/domain/json.ts'
import { step, withContactEffect } from '../../../src/domain/step.ts'
import { event, FACTS, type Happening, NOW, SURROUNDINGS } from './arbitrary.ts'

/** One call of `step`: what went in, and what came out. */
export interface Played extends StepResult {
  before: EnrollmentState
  input: Input
  facts: Facts
  now: number
}

/** A node, drawn short: its kind, its settings, and where its ports lead. */
type Drawn = readonly [kind: string, config: unknown, ports?: Readonly<Record<string, string>>]

/** A journey of these nodes; `start`, a trigger on the event `go` keyed by `key`, leads to the first of them. */
export function journey(nodes: Readonly<Record<string, Drawn>>, rest: Partial<Graph> = {}): Graph {
  const drawn: [string, Drawn][] = [
    ['start', ['event_trigger', { event: 'go', matchKey: 'key' }, { next: Object.keys(nodes)[0] ?? '' }]],
    ...Object.entries(nodes),
  ]
  return {
    reentry: { rule: 'ONE_AT_A_TIME' },
    nodes: drawn.map(([key, [kind, config]]) => ({ key, kind, config: config as JsonObject })),
    edges: drawn.flatMap(([from, [, , ports]]) => Object.entries(ports ?? {}).map(([port, to]) => ({ from, port, to }))),
    exitRules: [],
    goals: [],
    settings: { purpose: 'SERVICE' },
    ...rest,
  }
}

/** Code, node and path of everything that keeps the graph from being published. */
export const problems = (graph: Graph) => validate(graph, SURROUNDINGS).map(({ code, node, path }) => [code, node, path.join('.')])

export const compiled = (graph: Graph): CompiledGraph => compile(graph, { journeyId: 'journey', versionId: 'version' })

/** The enrollment of a contact who did `go` a second ago, before its `enter` is folded. */
export function entering(graph: CompiledGraph, facts: Facts = FACTS, properties: JsonObject = { key: 'k' }): EnrollmentState {
  const trigger = graph.triggers[0]
  if (trigger === undefined) throw new RangeError('the graph has no trigger')
  return begin(graph, trigger, facts.contact.id, String(properties.key), event('trigger', 'go', NOW - 1000, properties), {}, 'cause', NOW)
}

export const planned = (results: readonly StepResult[]): PlannedMessage[] =>
  results.flatMap((each) => each.effects.flatMap((effect) => (effect.type === 'message' ? [effect.message] : [])))

export const plannedCalls = (results: readonly StepResult[]): PlannedCall[] =>
  results.flatMap((each) => each.effects.flatMap((effect) => (effect.type === 'webhook' ? [effect.call] : [])))

/** Folds what a step did into what is known, as the tick does between two steps. */
function after(facts: Facts, { effects }: StepResult, now: number): Facts {
  let known = facts
  for (const effect of effects) {
    if (effect.type === 'contact') known = withContactEffect(known, effect)
    if (effect.type !== 'message' || effect.message.dedupeKey === null || effect.message.verdict.type === 'suppress') continue
    known = { ...known, dedupe: [...known.dedupe, { key: effect.message.dedupeKey, at: now }] }
  }
  return known
}

/** One contact who has entered a journey, and to whom things happen at instants of the caller's choice. */
export function life(graph: CompiledGraph | Graph, given: Partial<Facts> = {}, properties?: JsonObject) {
  const ready = 'triggers' in graph ? graph : compiled(graph)
  const played: Played[] = []
  let facts: Facts = { ...FACTS, ...given }
  let before = entering(ready, facts, properties)
  const fold = (now: number, input: Input): Played => {
    const result = { ...step(ready, before, input, facts, now), before, input, facts, now }
    played.push(result)
    before = result.state
    facts = after(facts, result, now)
    return result
  }
  fold(NOW, { type: 'enter', node: before.trigger.node, event: before.trigger.event, vars: {} })
  return {
    played,
    fold,
    state: () => before,
    know: (more: Partial<Facts>) => {
      facts = { ...facts, ...more }
    },
    timer: (now: number) => fold(now, { type: 'timer' }),
    hear: (now: number, heard: EventFact) => {
      facts = { ...facts, history: [...facts.history, heard] }
      return fold(now, { type: 'event', event: heard })
    },
    /** Of the call planned last. */
    answer: (now: number, port: 'success' | 'error', vars: Variables = {}) =>
      fold(now, { type: 'answer', callId: plannedCalls(played).at(-1)?.id ?? 'none', port, vars, status: null, code: null }),
    /** Of the message planned last; a machine where `human` is false. */
    signal: (now: number, signal: Signal, { human = true, at = now }: { human?: boolean; at?: number } = {}) =>
      fold(now, { type: 'signal', messageId: planned(played).at(-1)?.id ?? 'nobody', signal, human, at }),
  }
}

/** Lets one contact enter and live through what happens, as the tick would: every step gets the state and facts the last one left. */
export function play(graph: CompiledGraph, given: Facts, happenings: readonly Happening[]): Played[] {
  const one = life(graph, given)
  let now = NOW
  for (const [index, { after: later, paused, what }] of happenings.entries()) {
    now = later === 'due' ? Math.max(now, one.state().dueAt ?? now) : now + later
    one.know({ paused })
    if (what.type === 'event') one.hear(now, { ...event(`event-${index}`, what.name, now - what.late, { key: what.key }), receivedAt: now })
    else if (what.type === 'signal') {
      const messageId = planned(one.played).at(-1 - what.message)?.id ?? 'nobody'
      one.fold(now, { type: 'signal', messageId, signal: what.signal, human: what.human, at: now - what.late })
    } else if (what.type === 'answer') {
      const callId = plannedCalls(one.played).at(-1 - what.call)?.id ?? 'none'
      one.fold(now, { type: 'answer', callId, port: what.port, vars: { v: index }, status: 200, code: null })
    } else one.fold(now, what.type === 'exit' ? { type: 'exit', reason: 'asked' } : { type: what.type })
  }
  return one.played
}
