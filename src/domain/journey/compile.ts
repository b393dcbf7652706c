import { ThroughlineError } from '../../errors.ts'
import type { Purpose } from '../channel.ts'
import type { Condition, PropertyFilter } from '../condition/condition.ts'
import { historyNeeds } from '../condition/references.ts'
import { durationMillis } from '../duration.ts'
import { textsIn } from '../json.ts'
import type { Graph, Reentry } from './graph.ts'
import { type AnyKind, kindOf } from './kinds.ts'
import type { HistoryNeed } from './node-kind.ts'

/** A graph made ready to run: kinds resolved, settings parsed, edges by port, and what it listens to known beforehand. */
export interface CompiledGraph {
  journeyId: string
  versionId: string
  reentry: { rule: Reentry['rule']; notWithin: number }
  purpose: Purpose
  nodes: ReadonlyMap<string, CompiledNode>
  triggers: readonly CompiledNode[]
  exitRules: readonly {
    event: string | null
    where: PropertyFilter | undefined
    matchKey: string | undefined
    condition: Condition | null
    reason: string
  }[]
  goals: readonly {
    name: string
    event: string
    where: PropertyFilter | undefined
    matchKey: string | undefined
    window: number
    valueProperty: string | undefined
    converts: boolean
  }[]
  /** Names of events that can move somebody inside: exit rules, goals and waits. */
  listensTo: ReadonlySet<string>
  /** Whether an exit rule has to be asked after every input. */
  hasExitConditions: boolean
  /** What a node or an exit condition may look for in a contact's history. */
  history: readonly HistoryNeed[]
  /** What the entry guard and the triggers' conditions may look for besides. */
  entryHistory: readonly HistoryNeed[]
  /** Whether any message de-duplicates by key. */
  dedupes: boolean
  /** Why it cannot be run; null for a graph that can. */
  fault: string | null
}

export interface CompiledNode {
  key: string
  kind: AnyKind
  config: unknown
  /** port → key of the node it leads to. */
  edges: ReadonlyMap<string, string>
}

/** Compiles a graph that `validate` found nothing wrong with; throws JOURNEY_INVALID for one it would not pass. */
export function compile(graph: Graph, ids: { journeyId: string; versionId: string }): CompiledGraph {
  const nodes = new Map<string, CompiledNode>()
  for (const node of graph.nodes) {
    const kind = kindOf(node.kind)
    const config = kind?.config.parse(node.config, [], () => {})
    if (kind === undefined || config === undefined)
      throw new ThroughlineError('JOURNEY_INVALID', `node ${node.key} is not valid`, { path: [node.key] })
    const edges = new Map(graph.edges.filter((edge) => edge.from === node.key).map((edge) => [edge.port, edge.to]))
    nodes.set(node.key, { key: node.key, kind, config, edges })
  }
  const all = [...nodes.values()]
  const exitRules = graph.exitRules.map((rule) => ({
    event: rule.event ?? null,
    where: rule.where,
    matchKey: rule.matchKey,
    condition: rule.condition ?? null,
    reason: rule.reason ?? (rule.event === undefined ? 'exit_condition' : `exit_event:${rule.event}`),
  }))
  const goals = graph.goals.map((goal) => ({
    name: goal.name,
    event: goal.event,
    where: goal.where,
    matchKey: goal.matchKey,
    window: durationMillis(goal.window),
    valueProperty: goal.valueProperty,
    converts: goal.onReached !== 'RECORD',
  }))
  const ending = [...exitRules.flatMap((rule) => (rule.event === null ? [] : [rule.event])), ...goals.map((goal) => goal.event)]
  const waited = all.flatMap((node) =>
    node.kind.kind === 'wait' ? (node.config as { events: { event: string }[] }).events.map((each) => each.event) : [],
  )
  return {
    ...ids,
    reentry: { rule: graph.reentry.rule, notWithin: graph.reentry.notWithin === undefined ? 0 : durationMillis(graph.reentry.notWithin) },
    purpose: graph.settings.purpose,
    nodes,
    triggers: all.filter((node) => node.kind.category === 'trigger'),
    exitRules,
    goals,
    listensTo: new Set([...ending, ...waited]),
    hasExitConditions: exitRules.some((rule) => rule.condition !== null),
    history: mergeNeeds([
      ...all.flatMap((node) => (node.kind.category === 'trigger' ? [] : (node.kind.history?.(node.config) ?? []))),
      ...exitRules.flatMap((rule) => (rule.condition === null ? [] : historyNeeds(rule.condition))),
    ]),
    entryHistory: mergeNeeds([
      ...all.flatMap((node) => (node.kind.category === 'trigger' ? (node.kind.history?.(node.config) ?? []) : [])),
      // The guard looks for an exit or goal event that overtook the trigger, which is at most a day old.
      ...ending.map((name) => ({ name, withinMs: 86_400_000, sinceEntry: false })),
    ]),
    dedupes: all.some((node) => (node.config as { dedupe?: unknown }).dedupe !== undefined),
    fault: null,
  }
}

/** The stored graph made ready to run, or else its stand-in, with why it cannot be run as its `fault`. */
export function compileOrStandIn(graph: Graph, ids: { journeyId: string; versionId: string }): CompiledGraph {
  try {
    return compile(graph, ids)
  } catch (error) {
    return standIn(graph, ids, error instanceof Error ? error.message : String(error))
  }
}

/**
 * In the place of a stored graph that `compile` does not pass, such as one of a build that knew a node kind differently. It has no
 * nodes; `listensTo` holds every text in the graph, and so every name of an event that it could have to do with.
 */
export function standIn(graph: unknown, ids: { journeyId: string; versionId: string }, fault: string): CompiledGraph {
  return {
    ...ids,
    reentry: { rule: 'ONCE', notWithin: 0 },
    purpose: 'PROMOTIONAL',
    nodes: new Map(),
    triggers: [],
    exitRules: [],
    goals: [],
    listensTo: new Set(textsIn(graph)),
    hasExitConditions: false,
    history: [],
    entryHistory: [],
    dedupes: false,
    fault,
  }
}

/** One need per event name and way of reaching back, the widest: since entry may be less than a window, and the other way round. */
export function mergeNeeds(needs: readonly HistoryNeed[]): HistoryNeed[] {
  const merged = new Map<string, HistoryNeed>()
  for (const need of needs) {
    const key = JSON.stringify([need.name, need.sinceEntry])
    const known = merged.get(key)
    if (known === undefined) merged.set(key, { ...need })
    else known.withinMs = known.withinMs === null || need.withinMs === null ? null : Math.max(known.withinMs, need.withinMs)
  }
  return [...merged.values()]
}
