import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../../src/domain/journey/graph.ts'
import { validate } from '../../../src/domain/journey/validate.ts'
import { graphs, SURROUNDINGS } from './arbitrary.ts'
import { journey, life, problems } from './play.ts'

const update = (ports: Record<string, string>) => ['update', { addTags: ['x'] }, ports] as const
const sound = journey({ mark: update({ next: 'end' }), end: ['exit', {}] })
const changed = (change: Partial<Graph>) => problems({ ...sound, ...change })

describe('validate', () => {
  test('finds nothing wrong with a graph that may be published, and says where and why else', () => {
    expect(validate(sound, SURROUNDINGS)).toEqual([])
    expect(validate({ ...sound, edges: [{ from: 'start', port: 'nxt', to: 'mark' }, ...sound.edges.slice(1)] }, SURROUNDINGS)).toEqual([
      { code: 'UNKNOWN_PORT', node: 'start', path: ['edges', '0', 'port'], message: 'start has no port nxt' },
      { code: 'UNCONNECTED', node: 'start', path: ['ports', 'next'], message: 'next must lead somewhere' },
      { code: 'UNREACHABLE', node: 'mark', path: [], message: 'no trigger leads here' },
      { code: 'UNREACHABLE', node: 'end', path: [], message: 'no trigger leads here' },
    ])
  })

  test.each<[string, Partial<Graph>, unknown[]]>([
    ['a frame that is none', { reentry: { rule: 'TWICE' } as never }, [['INVALID_CONFIG', null, 'reentry.rule']]],
    ['two nodes of one key', { nodes: [...sound.nodes, { key: 'end', kind: 'exit', config: {} }] }, [['DUPLICATE_KEY', 'end', 'nodes.3.key']]],
    [
      'a kind that is none',
      { nodes: sound.nodes.map((each) => (each.key === 'end' ? { ...each, kind: 'valueOf' } : each)) },
      [
        ['UNKNOWN_KIND', 'end', 'kind'],
        ['UNKNOWN_NODE', 'mark', 'edges.1.to'],
      ],
    ],
    [
      'settings that do not fit, once: what hangs on them is not judged',
      { nodes: sound.nodes.map((each) => (each.key === 'mark' ? { ...each, config: { addTag: 'x' } } : each)) },
      [['INVALID_CONFIG', 'mark', 'addTag']],
    ],
    ['an edge from nowhere', { edges: [...sound.edges, { from: 'nobody', port: 'next', to: 'end' }] }, [['UNKNOWN_NODE', null, 'edges.2.from']]],
    [
      'a second edge of a port',
      { edges: [...sound.edges, { from: 'start', port: 'next', to: 'end' }] },
      [['DUPLICATE_EDGE', 'start', 'edges.2.port']],
    ],
    [
      'an edge into a trigger',
      { edges: [...sound.edges.slice(0, 1), { from: 'mark', port: 'next', to: 'start' }] },
      [
        ['INTO_TRIGGER', 'start', 'edges.1.to'],
        ['UNREACHABLE', 'end', ''],
      ],
    ],
    [
      'no way in',
      { nodes: sound.nodes.slice(1), edges: sound.edges.slice(1) },
      [
        ['NO_TRIGGER', null, 'nodes'],
        ['UNREACHABLE', 'mark', ''],
        ['UNREACHABLE', 'end', ''],
      ],
    ],
    [
      'exit rules of no kind, of both, and about a node that sends nothing',
      {
        exitRules: [
          {},
          { event: 'a', condition: { tag: 'x' } },
          { condition: { any: [{ tag: 'x' }, { engagement: { node: 'mark', status: 'OPENED' } }] } },
        ],
      },
      [
        ['INVALID_CONFIG', null, 'exitRules.0'],
        ['INVALID_CONFIG', null, 'exitRules.1'],
        ['UNKNOWN_NODE', null, 'exitRules.2.condition'],
      ],
    ],
    [
      'two goals of one name',
      { goals: ['a', 'b'].map((event) => ({ name: 'won', event, window: 'P1D' })) },
      [['INVALID_CONFIG', null, 'goals.1.name']],
    ],
  ])('reports %s', (_, change, expected) => {
    expect(changed(change)).toEqual(expected)
  })
})

describe('a loop', () => {
  const week = { duration: 'P7D' }
  const once = { every: 'P1D', times: 1 }
  test.each<[string, Graph, string[]]>([
    ['of nodes that only pass on', journey({ a: update({ next: 'b' }), b: update({ next: 'a' }) }), ['a']],
    ['of a node with itself', journey({ a: update({ next: 'a' }) }), ['a']],
    ['with a delay in it', journey({ a: update({ next: 'b' }), b: ['delay', week, { next: 'a' }] }), []],
    ['with a delay that is over from the second time on', journey({ a: ['delay', { ...week, anchor: 'ENTRY' }, { next: 'a' }] }), ['a']],
    ['with a date that comes once', journey({ a: ['delay', { until: { date: '2026-01-01' } }, { next: 'a' }] }), ['a']],
    ['with a weekday, which comes again', journey({ a: ['delay', { until: { weekdays: [1] } }, { next: 'a' }] }), []],
    [
      'by an event that has happened once and for all',
      journey({ a: ['wait', { events: [{ name: 'x', event: 'x' }], timeout: 'P1D' }, { x: 'a' }] }),
      ['a'],
    ],
    [
      'by an event that must happen again',
      journey({ a: ['wait', { events: [{ name: 'x', event: 'x' }], timeout: 'P1D', sinceEntry: false }, { x: 'a' }] }),
      [],
    ],
    ['by a time limit', journey({ a: ['wait', { events: [{ name: 'x', event: 'x' }], timeout: 'P1D' }, { timeout: 'a' }] }), []],
    [
      'of messages by `next`, where the suppressed fall through',
      journey({ a: ['email', { templateId: 't-email' }, { next: 'b' }], b: ['sms', { templateId: 't-sms' }, { next: 'a' }] }),
      ['a'],
    ],
    [
      'of messages that the suppressed leave',
      journey({ a: ['email', { templateId: 't-email' }, { next: 'a', suppressed: 'end' }], end: ['exit', {}] }),
      [],
    ],
    ['of a repeat and its body', journey({ a: ['repeat', once, { body: 'b' }], b: update({ next: 'a' }) }), []],
    ['back to a repeat that is over', journey({ a: ['repeat', once, { body: 'b', done: 'b' }], b: update({ next: 'a' }) }), ['a']],
  ])('%s', (_, graph, looping) => {
    expect(problems(graph)).toEqual(looping.map((key) => ['UNBOUNDED_LOOP', key, '']))
    const one = life(graph, { identities: [], history: [{ id: 'x', name: 'x', properties: {}, occurredAt: Number.MAX_SAFE_INTEGER, receivedAt: 0 }] })
    if (looping.length === 0) expect(one.state().status).not.toBe('FAILED')
  })
})

test('whatever is put in the place of one part of a graph, it answers and points at what is there', () => {
  const pieces = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('start', 'end', 'next', 'email', 'P1D', 'constructor', '__proto__'))
  fc.assert(
    fc.property(graphs, fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), pieces, (graph, way, piece) => {
      const broken = structuredClone(graph) as unknown as Record<string, unknown>
      let at: Record<string, unknown> = broken
      for (const [index, number] of way.entries()) {
        const keys = Object.keys(at)
        const key = keys[number % keys.length]
        if (key === undefined) break
        const next = at[key]
        if (index === way.length - 1 || typeof next !== 'object' || next === null) at[key] = piece
        else at = next as Record<string, unknown>
      }
      const nodes = new Set<unknown>(Array.isArray(broken.nodes) ? broken.nodes.map((each) => each?.key) : [])
      for (const problem of validate(broken as unknown as Graph, SURROUNDINGS)) {
        expect(problem.message).not.toBe('')
        if (problem.node !== null) expect(nodes).toContain(problem.node)
      }
    }),
    { numRuns: 1000 },
  )
})
