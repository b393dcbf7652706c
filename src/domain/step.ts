import type { Purpose } from './channel.ts'
import { evaluate, matchesFilter } from './condition/evaluate.ts'
import type { EventFact, Facts } from './facts.ts'
import type { CompiledGraph, CompiledNode } from './journey/compile.ts'
import {
  type Decision,
  type DecisionCode,
  type Effect,
  type EnrollmentState,
  type EnrollmentStatus,
  type Input,
  type StepResult,
  startOf,
} from './journey/enrollment.ts'
import { FALLS_THROUGH } from './journey/graph.ts'
import { matchesKey } from './journey/match.ts'
import type { NodeScope, Outcome } from './journey/node-kind.ts'
import { mergeSignal } from './journey/nodes/message.ts'
import { nodeOfSlot } from './journey/plan-message.ts'
import type { JsonObject } from './json.ts'
import { readPath } from './json.ts'

/**
 * How often the nodes of a graph may be passed in one step, on average, before it counts as spinning. Where repeats are over as
 * soon as they begin, each of their nodes is passed twice; a graph that may be published spins nowhere.
 */
const MOST_ROUNDS = 4

/**
 * The whole meaning of a journey: one enrollment, one input, what is known, and the time, in; the new state,
 * what is to be done, and why, out. Pure: the same arguments give the same answer, and nothing is changed in
 * place. The live engine, simulation and replay all run this and nothing else.
 */
export function step(graph: CompiledGraph, previous: EnrollmentState, input: Input, facts: Facts, now: number): StepResult {
  const run = new Run(graph, previous, facts, now)
  run.fold(input)
  return { state: run.state, effects: run.effects, trace: run.trace }
}

/** The working memory of one call of `step`. */
class Run {
  readonly state: EnrollmentState
  readonly effects: Effect[] = []
  readonly trace: Decision[] = []
  readonly graph: CompiledGraph
  readonly now: number
  facts: Facts

  constructor(graph: CompiledGraph, previous: EnrollmentState, facts: Facts, now: number) {
    this.graph = graph
    this.facts = facts
    this.now = now
    this.state = {
      ...previous,
      seq: previous.seq + 1,
      memory: { ...previous.memory },
      vars: { ...previous.vars },
      goals: { ...previous.goals },
      messages: { ...previous.messages },
    }
  }

  fold(input: Input): void {
    if (this.state.status !== 'ACTIVE') {
      if (input.type === 'signal') this.remember(input)
      return
    }
    switch (input.type) {
      case 'enter':
        this.note('entered', input.node)
        this.leave(input.node, 'next')
        break
      case 'event':
        this.hear(input.event)
        break
      case 'signal': {
        const node = this.remember(input) ? this.resting() : null
        if (node?.kind.signal) this.apply(node, node.kind.signal(node.config, this.scope(node), input))
        break
      }
      case 'answer': {
        const node = this.resting()
        if (node?.kind.answer) this.apply(node, node.kind.answer(node.config, this.scope(node), input))
        break
      }
      case 'timer':
        this.wake()
        break
      case 'contact':
        break
      case 'exit':
        this.withdraw('enrollment_ended')
        this.end('EXITED', input.reason)
        break
    }
    this.checkExitConditions()
  }

  /** An event may reach a goal, end the enrollment, or be what the resting node waits for; in this order. */
  private hear(event: EventFact): void {
    for (const goal of this.graph.goals) {
      if (this.state.status !== 'ACTIVE') return
      if (goal.event !== event.name || Object.hasOwn(this.state.goals, goal.name)) continue
      const sooner = event.occurredAt < startOf(this.state) || event.id === this.state.trigger.event?.id
      if (sooner || event.occurredAt > this.state.enteredAt + goal.window) continue
      if (!matchesKey(event, goal.matchKey, this.state.key) || !matchesFilter(event.properties, goal.where, this.now)) continue
      this.state.goals[goal.name] = event.occurredAt
      const value = goal.valueProperty === undefined ? undefined : readPath(event.properties, goal.valueProperty)
      this.effects.push({
        type: 'conversion',
        goal: goal.name,
        value: typeof value === 'number' ? value : null,
        eventId: event.id,
        at: event.occurredAt,
      })
      this.note('goal_reached', this.state.node, { goal: goal.name, eventId: event.id })
      if (goal.converts) {
        this.withdraw('enrollment_ended')
        this.end('CONVERTED', goal.name)
      }
    }
    if (this.state.status !== 'ACTIVE') return
    for (const rule of this.graph.exitRules) {
      if (rule.event !== event.name || event.id === this.state.trigger.event?.id) continue
      if (!matchesKey(event, rule.matchKey, this.state.key) || !matchesFilter(event.properties, rule.where, this.now)) continue
      this.withdraw('enrollment_ended')
      return this.end('EXITED', rule.reason)
    }
    const node = this.resting()
    if (node?.kind.event) this.apply(node, node.kind.event(node.config, this.scope(node), event))
  }

  private wake(): void {
    const { dueAt } = this.state
    const node = this.resting()
    if (this.facts.paused || dueAt === null || dueAt > this.now || !node?.kind.timer) return
    this.apply(node, node.kind.timer(node.config, this.scope(node)))
  }

  /** Returns whether the signal told anything new of a message this enrollment sent last from its node. */
  private remember(input: Extract<Input, { type: 'signal' }>): boolean {
    for (const [key, memo] of Object.entries(this.state.messages)) {
      if (memo.id !== input.messageId) continue
      const copy = { ...memo }
      if (!mergeSignal(copy, input)) return false
      this.state.messages[key] = copy
      this.note('signal', nodeOfSlot(key), { signal: input.signal, ...(input.reason === undefined ? {} : { reason: input.reason }) })
      return true
    }
    return false
  }

  private checkExitConditions(): void {
    if (this.state.status !== 'ACTIVE' || !this.graph.hasExitConditions) return
    for (const rule of this.graph.exitRules) {
      if (rule.condition === null || !evaluate(rule.condition, { facts: this.facts, enrollment: this.state, now: this.now })) continue
      this.withdraw('enrollment_ended')
      return this.end('EXITED', rule.reason)
    }
  }

  private apply(node: CompiledNode, outcome: Outcome | null): void {
    if (outcome === null) return
    if ('go' in outcome) return this.leave(node.key, outcome.go)
    if ('end' in outcome) return this.end(outcome.end.status, outcome.end.reason)
    if (outcome.stay.dueAt !== this.state.dueAt) this.note('waiting', node.key, { until: outcome.stay.dueAt })
    this.state.dueAt = outcome.stay.dueAt
    this.state.memo = outcome.stay.memo ?? null
  }

  /** Sends the token on, node after node, until one keeps it or the journey ends. */
  private leave(from: string, by: string): void {
    let node = this.graph.nodes.get(from)
    let port = by
    for (let hops = 0; node !== undefined; hops++) {
      if (hops > this.graph.nodes.size * MOST_ROUNDS) return this.end('FAILED', 'loop')
      this.trace.push({ code: 'left', node: node.key, port })
      const to = this.follow(node, port)
      if (typeof to !== 'string') return this.end(to.status, to.reason)
      node = this.graph.nodes.get(to)
      if (node === undefined) return this.end('FAILED', 'node_missing')
      Object.assign(this.state, { node: to, visit: this.state.visit + 1, since: this.now, dueAt: null, memo: null })
      this.note('arrived', to)
      const outcome = node.kind.arrive(node.config, this.scope(node))
      if (!('go' in outcome)) return this.apply(node, outcome)
      port = outcome.go
    }
  }

  private follow(node: CompiledNode, port: string): string | { status: 'COMPLETED' | 'EXITED'; reason: string | null } {
    const fallback = FALLS_THROUGH[port]
    const to = node.edges.get(port) ?? (fallback === undefined ? undefined : node.edges.get(fallback))
    if (to !== undefined) return to
    return fallback === undefined ? { status: 'COMPLETED', reason: null } : { status: 'EXITED', reason: 'undeliverable' }
  }

  private resting(): CompiledNode | undefined {
    return this.state.node === null ? undefined : this.graph.nodes.get(this.state.node)
  }

  private withdraw(reason: 'enrollment_ended'): void {
    const call = this.resting()?.kind.answer && (this.state.memo as { callId: string } | null)
    this.effects.push({ type: 'withdraw', reason, ...(call ? { callId: call.callId } : {}) })
  }

  private end(status: Exclude<EnrollmentStatus, 'ACTIVE'>, reason: string | null): void {
    this.trace.push({ code: status.toLowerCase() as DecisionCode, node: this.state.node, ...(reason === null ? {} : { data: { reason } }) })
    Object.assign(this.state, { status, endReason: reason, endedAt: this.now, node: null, dueAt: null, memo: null })
  }

  note(code: DecisionCode, node: string | null, data?: JsonObject): void {
    this.trace.push(data === undefined ? { code, node } : { code, node, data })
  }

  private scope(node: CompiledNode): NodeScope {
    return new Scope(this, node)
  }
}

/** What a node sees of the run it is part of. */
class Scope implements NodeScope {
  private readonly run: Run
  private readonly node: CompiledNode

  constructor(run: Run, node: CompiledNode) {
    this.run = run
    this.node = node
  }

  get key(): string {
    return this.node.key
  }
  get enrollment(): EnrollmentState {
    return this.run.state
  }
  get now(): number {
    return this.run.now
  }
  get purpose(): Purpose {
    return this.run.graph.purpose
  }
  get facts(): Facts {
    return this.run.facts
  }

  connected(port: string): boolean {
    return this.node.edges.has(port)
  }

  note(code: DecisionCode, data?: JsonObject): void {
    this.run.note(code, this.node.key, data)
  }

  emit(effect: Effect): void {
    const { run } = this
    run.effects.push(effect)
    // What a node changes, the next one sees.
    if (effect.type === 'contact') run.facts = withContactEffect(run.facts, effect)
    if (effect.type === 'message' && effect.message.dedupeKey !== null && effect.message.verdict.type !== 'suppress') {
      run.facts = { ...run.facts, dedupe: [...run.facts.dedupe, { key: effect.message.dedupeKey, at: run.now }] }
    }
  }
}

/** The facts as they are once a contact effect has been carried out. */
export function withContactEffect(facts: Facts, effect: Extract<Effect, { type: 'contact' }>): Facts {
  const attributes = { ...facts.contact.attributes, ...effect.set }
  for (const name of effect.unset) delete attributes[name]
  const tags = [...new Set([...facts.contact.tags, ...effect.addTags])].filter((tag) => !effect.removeTags.includes(tag))
  return { ...facts, contact: { ...facts.contact, attributes, tags } }
}
