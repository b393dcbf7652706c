import type { Condition } from '../condition/condition.ts'
import type { EventFact, Facts } from '../facts.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Shape } from '../shape.ts'
import type { DecisionCode, Effect, EnrollmentState, Input, MessageMemo } from './enrollment.ts'
import type { ProblemCode } from './graph.ts'

/** What a node does with the token: send it on by a port, keep it, or end the enrollment. */
export type Outcome = { go: string } | { stay: { dueAt: number | null; memo?: Json } } | { end: { status: 'EXITED' | 'FAILED'; reason: string } }

/** What a node sees while it decides. `enrollment` is the step's working copy: nodes change `vars` and `memory` only. */
export interface NodeScope {
  /** The node's own key. */
  readonly key: string
  readonly enrollment: EnrollmentState
  readonly facts: Facts
  readonly now: number
  /** The purpose of messages that name none. */
  readonly purpose: 'TRANSACTIONAL' | 'SERVICE' | 'PROMOTIONAL'
  /** Whether anything is connected to a port of this node. */
  connected(port: string): boolean
  emit(effect: Effect): void
  note(code: DecisionCode, data?: JsonObject): void
}

export interface Port {
  name: string
  title: string
  /** Publishing refuses the graph while this port leads nowhere. */
  required?: boolean
}

/** What a condition or a wait needs to find in `Facts.history`. */
export interface HistoryNeed {
  name: string
  /** null: as far back as there is anything. */
  withinMs: number | null
  sinceEntry: boolean
}

/** What a kind may ask of its surroundings when a graph is checked. */
export interface CheckScope {
  readonly key: string
  readonly nodeKeys: ReadonlySet<string>
  connected(port: string): boolean
  /** Those it has variants for; empty: there is no such template. */
  templateChannels(id: string): readonly string[]
  /** Why this channel's provider would refuse a template now, each with the way to it in the template; empty where nothing is known against it. */
  templateFaults(id: string, channel: string): readonly { path: readonly string[]; message: string }[]
  hasTopic(id: string): boolean
  hasSecret(name: string): boolean
  /** What keeps a text from being a Liquid template; null where nothing does. */
  liquidFault(text: string): string | null
  /** What keeps a URL from being called, as far as it shows; null where nothing does. */
  urlFault(url: string): string | null
  report(code: ProblemCode, path: readonly string[], message: string): void
}

export type Signalled = Extract<Input, { type: 'signal' }>
export type Answered = Extract<Input, { type: 'answer' }>

/**
 * One kind of node: the first extension point. A kind is one file beside this one and one line in
 * kinds.ts; nothing else switches on its name.
 */
export interface NodeKind<Config = unknown> {
  kind: string
  title: string
  description: string
  /** A name from the Lucide set, for a UI's palette. */
  icon: string
  category: 'trigger' | 'message' | 'flow' | 'data'
  config: Shape<Config>
  ports(config: Config): readonly Port[]
  /** Whether the token has always rested here when it leaves by this port: what makes a loop bounded in time. */
  waits(config: Config, port: string): boolean
  /** What the shape alone cannot see. */
  check?(config: Config, scope: CheckScope): void
  conditions?(config: Config): readonly { path: readonly string[]; condition: Condition }[]
  history?(config: Config): readonly HistoryNeed[]
  /** The token comes in. Triggers answer `{go:'next'}`. */
  arrive(config: Config, scope: NodeScope): Outcome
  /** `dueAt` has come. */
  timer?(config: Config, scope: NodeScope): Outcome
  /** null: this event is nothing to the node. */
  event?(config: Config, scope: NodeScope, event: EventFact): Outcome | null
  /** Of a message this node sent on this visit; null: nothing changes. */
  signal?(config: Config, scope: NodeScope, signal: Signalled): Outcome | null
  /** Whether a message of the node's that is about to be sent again is needed no more, by what became of all of its last visit. */
  satisfied?(config: Config, messages: readonly MessageMemo[]): boolean
  /** Of a call this node planned; null: on an earlier visit. */
  answer?(config: Config, scope: NodeScope, answer: Answered): Outcome | null
}
