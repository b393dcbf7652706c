import fc from 'fast-check'
import type { Condition } from '../../../src/domain/condition/condition.ts'
import type { EventFact, Facts } from '../../../src/domain/facts.ts'
import { SIGNALS, type Signal } from '../../../src/domain/journey/enrollment.ts'
import type { Graph, GraphEdge, GraphNode } from '../../../src/domain/journey/graph.ts'
import { kindOf } from '../../../src/domain/journey/kinds.ts'
import { type Surroundings, validate } from '../../../src/domain/journey/validate.ts'
import type { JsonObject } from '../../../src/domain/json.ts'

export const NOW = Date.UTC(2025, 5, 15, 12)
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** Every template `t-<channel>` exists, and one `t-<channel>/refused` that its provider would refuse; one topic, and one secret. */
export const SURROUNDINGS: Surroundings = {
  templateChannels: (id) => (id.startsWith('t-') ? id.slice(2).replace('/refused', '').split('+') : []),
  templateFaults: (id) => (id.endsWith('/refused') ? [{ path: ['body'], message: 'is too short' }] : []),
  hasTopic: (id) => id === 'news',
  hasSecret: (name) => name === 'token',
  liquidFault: (text) => (text.includes('{{ }}') ? 'does not parse' : null),
  urlFault: (url) => (url.includes('127.0.0.1') ? 'leads to no public address' : null),
}

/** A contact whom every channel reaches and who allows everything. */
export const FACTS: Facts = {
  contact: {
    id: '01970000-0000-8007-8000-000000000001',
    externalId: 'u-1',
    attributes: {},
    tags: [],
    locale: null,
    timeZone: 'Europe/Zurich',
    createdAt: NOW - 30 * DAY,
    suppressed: false,
    erased: false,
  },
  identities: (['email', 'sms', 'push'] as const).map((channel) => ({
    id: `i-${channel}`,
    channel,
    status: 'ACTIVE' as const,
    platform: null,
    lastSeenAt: 0,
  })),
  consents: [{ channel: null, topic: null, state: 'GRANTED' }],
  history: [],
  dedupe: [],
  paused: false,
}

export function event(id: string, name: string, occurredAt: number, properties: JsonObject = {}): EventFact {
  return { id, name, properties, occurredAt, receivedAt: occurredAt }
}

/** Keys that objects inherit are among them: what is looked up by key must not find those. */
const KEYS = ['constructor', 'b', 'toString', 'd', 'e', 'f', 'g'] as const
const EVENTS = ['a', 'b', 'c'] as const
const GOALS = ['valueOf', 'bought'] as const

const positive = fc.constantFrom('PT1S', 'PT5M', 'PT1H', 'P1D', 'P1W', 'P1M')
const duration = fc.oneof(fc.constant('PT0S'), positive)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Leaves members out rather than setting them undefined, as JSON does. */
const settings = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> =>
  fc.record(fields).map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as JsonObject)

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ tag: 'x' }, { attribute: { path: 'n', op: 'GT', value: 1 } }, { variable: { path: 'v', op: 'EXISTS' } }),
  fc.constantFrom(...GOALS).map((goal): Condition => ({ goal })),
  fc.constantFrom(...EVENTS).map((name): Condition => ({ event: { name, sinceEntry: true } })),
  fc.constant<Condition>({ key: { op: 'EQ', value: 'k' } }),
)

const message = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constantFrom('email', 'sms', 'push').map((channel) => [channel]), weight: 2 },
      fc.shuffledSubarray(['email', 'sms', 'push'], { minLength: 2 }),
    ),
    settings({ purpose: maybe(fc.constantFrom('TRANSACTIONAL', 'PROMOTIONAL')), nextAfter: maybe(positive) }),
    fc.uniqueArray(
      settings({ on: fc.constantFrom('SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED', 'FAILED', 'IGNORED'), after: maybe(duration) }),
      { maxLength: 5, size: 'max', selector: (each) => each.on },
    ),
    fc.boolean(),
  )
  .map(([channels, rest, follows, dedupes]) => {
    const followUps = follows.map((each) => (each.on === 'IGNORED' && each.after === undefined ? { ...each, after: 'PT1H' } : each))
    if (followUps.some((each) => each.on !== 'FAILED') && rest.nextAfter === undefined && !followUps.some((each) => each.on === 'IGNORED')) {
      followUps.push({ on: 'IGNORED', after: 'P1D' })
    }
    const config: JsonObject = { ...rest, followUps }
    if (dedupes) config.dedupe = { key: 'key', window: 'PT1H' }
    const [kind = 'email', ...others] = channels
    if (others.length === 0) return { kind, config: { ...config, templateId: `t-${kind}` } }
    return { kind: 'multi', config: { ...config, messages: channels.map((channel) => ({ channel, templateId: `t-${channel}` })) } }
  })

const escalation = fc
  .tuple(
    fc.shuffledSubarray(['email', 'sms', 'push'], { minLength: 1 }),
    positive,
    settings({ engagedBy: maybe(fc.constantFrom('OPENED', 'CLICKED')), purpose: maybe(fc.constantFrom('TRANSACTIONAL', 'PROMOTIONAL')) }),
  )
  .map(([channels, wait, rest]) => ({
    kind: 'escalation',
    config: { rungs: channels.map((channel) => ({ channel, templateId: `t-${channel}`, wait })), ...rest },
  }))

const delay = fc
  .oneof(
    settings({ duration: positive, anchor: maybe(fc.constantFrom('PREVIOUS_STEP', 'ENTRY', 'EVENT_TIME')) }),
    settings({ duration: positive, anchor: fc.constant('ATTRIBUTE'), attribute: fc.constant('n') }),
    settings({
      until: settings({ time: fc.constant('09:30'), weekdays: maybe(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 })) }),
    }),
    settings({ until: fc.constantFrom<JsonObject>({ date: '2025-06-20' }, { date: '2025-01-01' }, { attribute: 'day', offset: 'P1D' }) }),
  )
  .map((config) => ({ kind: 'delay', config }))

const wait = fc
  .tuple(
    fc.uniqueArray(settings({ name: fc.constantFrom('one', 'two'), event: fc.constantFrom(...EVENTS), matchKey: maybe(fc.constant('key')) }), {
      minLength: 1,
      selector: (each) => each.name,
    }),
    positive,
    maybe(fc.boolean()),
  )
  .map(([events, timeout, sinceEntry]) => ({ kind: 'wait', config: { events, timeout, ...(sinceEntry === undefined ? {} : { sinceEntry }) } }))

const branch = fc
  .array(condition, { minLength: 1, maxLength: 2 })
  .map((conditions) => ({ kind: 'branch', config: { branches: conditions.map((when, index) => ({ name: `p${index}`, when })) } }))

const repeat = fc
  .tuple(
    positive,
    maybe(fc.integer({ min: 1, max: 3 })),
    maybe(fc.oneof(fc.constantFrom({ date: '2025-06-16' }, { date: '2025-01-01' }), fc.record({ condition }))),
  )
  .map(([every, times, until]) => ({
    kind: 'repeat',
    config: {
      every,
      ...(times === undefined && until === undefined ? { times: 2 } : times === undefined ? {} : { times }),
      ...(until ? { until } : {}),
    },
  }))

const update = fc
  .constantFrom<JsonObject>(
    { addTags: ['x'] },
    { removeTags: ['x'] },
    { attributes: [{ name: 'n', value: 2 }] },
    { unset: ['n'], variables: [{ name: 'v', from: 'event.key' }] },
  )
  .map((config) => ({ kind: 'update', config }))

const webhook = settings({ variables: maybe(fc.constant([{ name: 'v', from: 'body.v' }])) }).map((rest) => ({
  kind: 'webhook',
  config: { method: 'POST', url: 'https://hooks.example/{{ key }}', ...rest },
}))

const node: fc.Arbitrary<{ kind: string; config: unknown }> = fc.oneof(
  { arbitrary: message, weight: 8 },
  { arbitrary: escalation, weight: 2 },
  { arbitrary: delay, weight: 2 },
  { arbitrary: wait, weight: 2 },
  { arbitrary: branch, weight: 2 },
  { arbitrary: repeat, weight: 2 },
  { arbitrary: update, weight: 2 },
  { arbitrary: webhook, weight: 2 },
)

const rules = fc.record({
  exitRules: fc.array(
    fc.oneof(
      settings({ event: fc.constantFrom(...EVENTS), matchKey: maybe(fc.constant('key')) }),
      condition.map((each) => ({ condition: each })),
    ),
    { maxLength: 1, size: 'xsmall' },
  ),
  goals: fc.uniqueArray(
    settings({
      name: fc.constantFrom(...GOALS),
      event: fc.constantFrom(...EVENTS),
      matchKey: maybe(fc.constant('key')),
      window: positive,
      onReached: maybe(fc.constantFrom('CONVERT', 'RECORD')),
    }),
    { maxLength: 2, selector: (each) => each.name },
  ),
})

/** A port is wired by a number: to a node further on, now and then to any node, or, where it may be, to none. */
function wire(nodes: readonly GraphNode[], wiring: readonly (readonly number[])[]): GraphEdge[] {
  return nodes.flatMap((from, index) => {
    const kind = kindOf(from.kind)
    const config = kind?.config.parse(from.config, [], () => {})
    const follows = ((from.config.followUps ?? []) as { on: string }[]).map((each) => each.on.toLowerCase())
    return (kind?.ports(config) ?? []).flatMap((port, at) => {
      const number = wiring[index]?.[at] ?? 0
      const ahead = from.key === 'start' ? 1 : Math.max(1, Math.min(3, nodes.length - index - 2))
      const to = number > 80 && from.key !== 'start' ? nodes[1 + (number % (nodes.length - 1))] : nodes[index + 1 + (number % ahead)]
      const may = !port.required && (port.name === 'failed' || !follows.includes(port.name))
      return to === undefined || (may && number % 8 === 7) ? [] : [{ from: from.key, port: port.name, to: to.key }]
    })
  })
}

function reachable(graph: Graph): Graph {
  const lost = new Set(validate(graph, SURROUNDINGS).flatMap((each) => (each.code === 'UNREACHABLE' && each.node !== null ? [each.node] : [])))
  if (lost.size === 0) return graph
  return { ...graph, nodes: graph.nodes.filter((each) => !lost.has(each.key)), edges: graph.edges.filter((edge) => !lost.has(edge.from)) }
}

/** Journeys of a trigger, an exit and up to seven nodes between, which may be published: loops, fall-throughs and loose ends among them. */
export const graphs: fc.Arbitrary<Graph> = fc
  .tuple(
    fc.array(node, { minLength: 1, maxLength: KEYS.length, size: 'max' }),
    fc.array(fc.array(fc.nat(99), { minLength: 9, maxLength: 9 }), { minLength: 9, maxLength: 9 }),
    rules,
  )
  .map(([inner, wiring, { exitRules, goals }]) => {
    const nodes = [
      { key: 'start', kind: 'event_trigger', config: { event: 'go', matchKey: 'key' } },
      ...inner.map((each, index) => ({ key: KEYS[index] ?? '', ...each })),
      { key: 'end', kind: 'exit', config: {} },
    ] as GraphNode[]
    return reachable({
      reentry: { rule: 'ONE_AT_A_TIME' },
      nodes,
      edges: wire(nodes, wiring),
      exitRules,
      goals,
      settings: { purpose: 'SERVICE' },
    } as unknown as Graph)
  })
  .filter((graph) => validate(graph, SURROUNDINGS).length === 0)

/** What is known of the contact: sometimes without a channel, unwilling, suppressed, or in a paused journey. */
export const factsOf: fc.Arbitrary<Facts> = fc
  .record({
    channels: fc.oneof({ arbitrary: fc.constant(FACTS.identities), weight: 3 }, fc.subarray([...FACTS.identities])),
    consents: fc.constantFrom<Facts['consents'][]>(FACTS.consents, FACTS.consents, [], [{ channel: 'sms', topic: null, state: 'WITHDRAWN' }]),
    suppressed: fc.oneof({ arbitrary: fc.constant(false), weight: 19 }, fc.constant(true)),
    attributes: fc.constantFrom<JsonObject>({}, { n: 2, day: '2025-06-18' }, { n: '2025-06-15T14:00:00Z' }),
  })
  .map(({ channels, consents, suppressed, attributes }) => ({
    ...FACTS,
    identities: channels,
    consents,
    contact: { ...FACTS.contact, suppressed, attributes },
  }))

/**
 * One thing that happens. `after` is how much later than the one before, or the moment the timer is due; `message` counts back
 * from the last one planned, so that what is heard is of a message there is.
 */
export interface Happening {
  after: number | 'due'
  paused: boolean
  what:
    | { type: 'timer' | 'contact' | 'exit' }
    | { type: 'event'; name: string; key: string; late: number }
    | { type: 'answer'; call: number; port: 'success' | 'error' }
    | { type: 'signal'; message: number; signal: Signal; human: boolean; late: number }
}

const late = fc.constantFrom(0, 0, 0, MINUTE, 2 * DAY)
const what: fc.Arbitrary<Happening['what']> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constant('answer' as const),
      call: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, fc.nat(2)),
      port: fc.constantFrom('success' as const, 'error' as const),
    }),
    weight: 6,
  },
  { arbitrary: fc.constant({ type: 'timer' as const }), weight: 12 },
  { arbitrary: fc.constant({ type: 'contact' as const }), weight: 2 },
  { arbitrary: fc.constant({ type: 'exit' as const }), weight: 1 },
  {
    arbitrary: fc.record({ type: fc.constant('event' as const), name: fc.constantFrom(...EVENTS), key: fc.constantFrom('k', 'k', 'other'), late }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('signal' as const),
      message: fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, fc.nat(2)),
      signal: fc.constantFrom(...SIGNALS),
      human: fc.oneof({ arbitrary: fc.constant(true), weight: 3 }, fc.constant(false)),
      late,
    }),
    weight: 20,
  },
)

export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    after: fc.oneof(fc.constantFrom(0, 1, MINUTE, HOUR, DAY, 40 * DAY), fc.constant('due' as const), fc.constant('due' as const)),
    paused: fc.oneof({ arbitrary: fc.constant(false), weight: 6 }, fc.constant(true)),
    what,
  }),
  { maxLength: 24, size: 'max' },
)
