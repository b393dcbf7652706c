import type { Purpose } from '../channel.ts'
import type { Condition, PropertyFilter } from '../condition/condition.ts'
import type { JsonObject } from '../json.ts'

/**
 * A journey as its author drew it: plain JSON, as stored in drafts and versions and sent over the API.
 * Durations are ISO 8601 text. `compile` turns it into what `step` runs.
 */
export interface Graph {
  reentry: Reentry
  nodes: readonly GraphNode[]
  edges: readonly GraphEdge[]
  exitRules: readonly ExitRule[]
  goals: readonly Goal[]
  settings: GraphSettings
}

export interface GraphNode {
  /** Unique in the graph; letters, digits, `_` and `-`. Global ids and counters hang on it. */
  key: string
  /** A member of the table in nodes/kinds.ts. */
  kind: string
  name?: string
  position?: { x: number; y: number }
  /** What the kind's shape says. */
  config: JsonObject
}

export interface GraphEdge {
  from: string
  port: string
  to: string
}

/** Ports that, left unconnected, fall through to another: a contact without the channel still gets what follows. */
export const FALLS_THROUGH: Readonly<Record<string, string>> = { failed: 'next', suppressed: 'next', error: 'success' }

export const REENTRY_RULES = ['ONCE', 'ONE_AT_A_TIME', 'EVERY_TIME'] as const
/** Per (journey, contact, key). `notWithin` goes with ONE_AT_A_TIME: not again within this after the last entry. */
export interface Reentry {
  rule: (typeof REENTRY_RULES)[number]
  notWithin?: string
}

/** Ends the enrollment in the tick that reads the event, or finds the condition true after an input. */
export interface ExitRule {
  /** Either an event… */
  event?: string
  where?: PropertyFilter
  /** …whose property at this path equals the enrollment's key (any event of the name where left out)… */
  matchKey?: string
  /** …or a condition. */
  condition?: Condition
  reason?: string
}

/** Reached by an event; `CONVERT` (default) ends the enrollment as converted, `RECORD` notes it and goes on. */
export interface Goal {
  name: string
  event: string
  where?: PropertyFilter
  matchKey?: string
  /** Counts if the event occurred within this after entry. */
  window: string
  /** Path of a number in the event's properties: the conversion's value. */
  valueProperty?: string
  onReached?: 'CONVERT' | 'RECORD'
}

export interface GraphSettings {
  /** The purpose of messages whose node names none. */
  purpose: Purpose
}

/** What is wrong with a graph, and where. */
export interface GraphProblem {
  code: ProblemCode
  message: string
  /** The node's key; null for the graph as a whole. */
  node: string | null
  /** Into the node's config, or into the graph where `node` is null. */
  path: readonly string[]
}

export const PROBLEM_CODES = {
  INVALID_CONFIG: 'A setting is missing, unknown, malformed or out of range.',
  UNKNOWN_KIND: 'There is no node kind of this name.',
  DUPLICATE_KEY: 'Two nodes have the same key.',
  NO_TRIGGER: 'The graph has no trigger, so nobody could ever enter.',
  UNKNOWN_NODE: 'An edge, or a condition, names a node that is not there.',
  UNKNOWN_PORT: 'An edge leaves by a port the node does not have.',
  DUPLICATE_EDGE: 'A port has more than one edge.',
  INTO_TRIGGER: 'An edge leads into a trigger.',
  UNREACHABLE: 'No trigger leads to this node.',
  UNCONNECTED: 'A port that must lead somewhere leads nowhere.',
  UNBOUNDED_LOOP: 'A loop has no node in it that waits.',
  STRANDED: 'The token could rest here for ever: connect `ignored`, or give `next` an `after`.',
  UNKNOWN_TEMPLATE: 'The template does not exist, or is for another channel.',
  TEMPLATE_REFUSED: 'The provider would refuse the template: it is not approved, or it is filled in otherwise than approved.',
  UNKNOWN_TOPIC: 'The topic does not exist.',
  UNKNOWN_SECRET: 'A template asks for a secret that the workspace does not have.',
} as const
export type ProblemCode = keyof typeof PROBLEM_CODES

export const JOURNEY_STATUSES = ['DRAFT', 'LIVE', 'PAUSED', 'COMPLETED', 'ARCHIVED'] as const
export type JourneyStatus = (typeof JOURNEY_STATUSES)[number]
