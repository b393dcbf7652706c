import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile, mergeNeeds, standIn } from '../../../src/domain/journey/compile.ts'
import type { HistoryNeed } from '../../../src/domain/journey/node-kind.ts'
import { ThroughlineError } from '../../../src/errors.ts'
import { DAY, graphs, HOUR } from './arbitrary.ts'
import { compiled, journey } from './play.ts'

const IDS = { journeyId: 'j', versionId: 'v' }
const rest = { pause: ['delay', { duration: 'P1D' }, { next: 'end' }], end: ['exit', {}] } as const

describe('compile', () => {
  test('makes ready every graph that may be published', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const ready = compile(graph, IDS)
        expect([...ready.nodes.keys()]).toEqual(graph.nodes.map((node) => node.key))
        const edges = [...ready.nodes.values()].flatMap((node) => [...node.edges].map(([port, to]) => ({ from: node.key, port, to })))
        expect(edges).toHaveLength(graph.edges.length)
        expect(edges).toEqual(expect.arrayContaining([...graph.edges]))
        expect(ready.triggers.map((node) => node.key)).toEqual(['start'])
        // Every event that can end the enrollment, or that a node waits for, and no other.
        const waited = graph.nodes.flatMap((node) => (node.kind === 'wait' ? (node.config.events as { event: string }[]) : []))
        const named = [...waited, ...graph.exitRules, ...graph.goals].flatMap(({ event }) => (event === undefined ? [] : [event]))
        expect(ready.listensTo).toEqual(new Set(named))
      }),
    )
  })

  test('keeps the names of the version, and drops what a node does not know', () => {
    const graph = journey(rest)
    const ready = compile(graph, IDS)
    expect(ready).toMatchObject({ ...IDS, purpose: 'SERVICE', exitRules: [], goals: [], hasExitConditions: false, dedupes: false })
    expect(ready.nodes.get('pause')).toMatchObject({ key: 'pause', config: { duration: 'P1D' }, kind: { kind: 'delay' } })
    expect(ready.nodes.get('constructor')).toBeUndefined()
  })

  test.each([
    [undefined, 0],
    ['PT1H', HOUR],
    ['P1M', 30 * DAY],
  ])('reads the span of re-entry %s as %i milliseconds', (notWithin, expected) => {
    const reentry = { rule: 'ONE_AT_A_TIME' as const, ...(notWithin === undefined ? {} : { notWithin }) }
    expect(compile(journey(rest, { reentry }), IDS).reentry).toEqual({ rule: 'ONE_AT_A_TIME', notWithin: expected })
  })

  test('gives every exit rule a reason and every goal a window, and knows which end the journey', () => {
    const where = [{ path: 'n', op: 'EXISTS' as const }]
    const ready = compile(
      journey(rest, {
        exitRules: [{ event: 'left', where, matchKey: 'id' }, { condition: { tag: 'gone' } }, { event: 'left', reason: 'enough' }],
        goals: [
          { name: 'won', event: 'bought', window: 'P7D', valueProperty: 'total' },
          { name: 'seen', event: 'view', window: 'PT1H', onReached: 'RECORD' },
          { name: 'told', event: 'said', window: 'PT1H', onReached: 'CONVERT', matchKey: 'id', where },
        ],
      }),
      IDS,
    )
    expect(ready.exitRules).toEqual([
      { event: 'left', where, matchKey: 'id', condition: null, reason: 'exit_event:left' },
      { event: null, where: undefined, matchKey: undefined, condition: { tag: 'gone' }, reason: 'exit_condition' },
      { event: 'left', where: undefined, matchKey: undefined, condition: null, reason: 'enough' },
    ])
    expect(ready.goals.map(({ name, window, converts, valueProperty }) => [name, window, converts, valueProperty])).toEqual([
      ['won', 7 * DAY, true, 'total'],
      ['seen', HOUR, false, undefined],
      ['told', HOUR, true, undefined],
    ])
    expect(ready.hasExitConditions).toBe(true)
    expect(ready.listensTo).toEqual(new Set(['left', 'bought', 'view', 'said']))
    expect(compile(journey(rest, { exitRules: [{ event: 'left' }] }), IDS).hasExitConditions).toBe(false)
    // The guard at the door looks a day back for what would have ended it.
    expect(ready.entryHistory).toEqual(['left', 'bought', 'view', 'said'].map((name) => ({ name, withinMs: DAY, sinceEntry: false })))
  })

  test('gathers from nodes and exit conditions what the facts must hold, once per name and way of reaching back, as wide as any asks', () => {
    const ready = compile(
      journey(
        {
          heard: ['wait', { events: [{ name: 'paid', event: 'payment' }], timeout: 'P1D' }, { paid: 'ask' }],
          ask: ['branch', { branches: [{ name: 'yes', when: { event: { name: 'view', within: 'PT1H' } } }] }, { else: 'again' }],
          again: ['repeat', { every: 'P1D', until: { condition: { event: { name: 'view', within: 'P1D' } } } }, { body: 'again' }],
        },
        { exitRules: [{ condition: { not: { event: { name: 'payment', within: 'P7D' } } } }] },
      ),
      IDS,
    )
    expect(ready.history).toEqual([
      { name: 'payment', withinMs: null, sinceEntry: true },
      { name: 'view', withinMs: DAY, sinceEntry: false },
      { name: 'payment', withinMs: 7 * DAY, sinceEntry: false },
    ])
    expect(ready.entryHistory).toEqual([])
  })

  test('asks for no past where a wait does not count it', () => {
    const config = { events: [{ name: 'paid', event: 'payment' }], timeout: 'P1D', sinceEntry: false }
    expect(compiled(journey({ heard: ['wait', config] })).history).toEqual([])
  })

  test('knows whether a message is sent only once per key', () => {
    const mail = (dedupe: object) => compiled(journey({ mail: ['email', { templateId: 't-email', ...dedupe }] })).dedupes
    expect([mail({}), mail({ dedupe: { key: 'key', window: 'P1D' } })]).toEqual([false, true])
  })

  test.each<[string, ReturnType<typeof journey>]>([
    ['of a kind that is none', journey({ a: ['exodus', {}] })],
    ['with settings that do not fit', journey({ a: ['delay', { duration: 'soon' }] })],
  ])('throws on a node %s', (_, graph) => {
    expect(() => compile(graph, IDS)).toThrow(ThroughlineError)
    expect(() => compile(graph, IDS)).toThrow(expect.objectContaining({ code: 'JOURNEY_INVALID' }))
  })
})

test('merged needs reach back as far as every one of them, whenever the enrollment was entered', () => {
  const need: fc.Arbitrary<HistoryNeed> = fc.record({
    name: fc.constantFrom('a', 'b'),
    withinMs: fc.option(fc.integer({ min: 1, max: 9 })),
    sinceEntry: fc.boolean(),
  })
  /** From when on events are loaded, at the instant 10, as the tick does. */
  const from = (needs: readonly HistoryNeed[], name: string, enteredAt: number) =>
    Math.min(
      ...needs
        .filter((each) => each.name === name)
        .map(({ withinMs, sinceEntry }) => (withinMs !== null ? 10 - withinMs : sinceEntry ? enteredAt : 0)),
    )
  fc.assert(
    fc.property(fc.array(need), fc.integer({ min: 0, max: 10 }), (needs, enteredAt) => {
      const given = structuredClone(needs)
      const merged = mergeNeeds(needs)
      expect(needs).toEqual(given)
      expect(new Set(merged.map(({ name, sinceEntry }) => `${name} ${sinceEntry}`)).size).toBe(merged.length)
      for (const { name, withinMs, sinceEntry } of needs) {
        // What is asked for since entry and within a window lies in both.
        const asked = Math.max(withinMs === null ? 0 : 10 - withinMs, sinceEntry ? enteredAt : 0)
        expect(from(merged, name, enteredAt)).toBeLessThanOrEqual(asked)
      }
    }),
  )
})

test.each([null, 7, 'text', [], { nodes: 'none' }])('whatever is stored has a stand-in: %j', (stored) => {
  const { nodes, triggers, exitRules, goals, fault } = standIn(stored, { journeyId: 'j', versionId: 'v' }, 'unread')
  expect([nodes.size, triggers, exitRules, goals, fault]).toEqual([0, [], [], [], 'unread'])
})

test('a stand-in listens to every text of the graph', () => {
  const graph = { nodes: [{ key: 'start', config: { event: 'seen', where: { rules: [{ value: 7 }, { value: 'red' }] } } }] }
  expect([...standIn(graph, { journeyId: 'j', versionId: 'v' }, '').listensTo]).toEqual(['start', 'seen', 'red'])
})
