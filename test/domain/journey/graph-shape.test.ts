import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Graph } from '../../../src/domain/journey/graph.ts'
import { EMPTY_GRAPH, graphShape } from '../../../src/domain/journey/graph-shape.ts'
import { graphs } from './arbitrary.ts'
import { journey, problems } from './play.ts'

const sound = journey({ end: ['exit', {}] })
const faults = (graph: unknown) => {
  const found: string[] = []
  const parsed = graphShape.parse(graph, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  expect(parsed === undefined).toBe(found.length > 0)
  return found
}
const withNode = (change: object) => faults({ ...sound, nodes: [{ ...sound.nodes[0], ...change }] })

describe('the frame of a graph', () => {
  test('keeps every graph as its author drew it', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(graphShape.parse(graph, [], () => {})).toEqual(graph)
      }),
    )
  })

  test('is there in an empty graph, which lacks nothing but a trigger', () => {
    expect(faults(EMPTY_GRAPH)).toEqual([])
    expect(problems(EMPTY_GRAPH)).toEqual([['NO_TRIGGER', null, 'nodes']])
  })

  test.each<[string, Partial<Record<keyof Graph, unknown>>, string[]]>([
    ['a part that is missing', { goals: undefined }, ['goals is missing']],
    ['a part that is none', { edge: [] } as never, ['edge is not a setting here']],
    ['a rule of re-entry', { reentry: { rule: 'ONE_AT_A_TIME', notWithin: 'P1W' } }, []],
    ['a rule of re-entry that is none', { reentry: { rule: 'NEVER' } }, ['reentry.rule must be one of ONCE, ONE_AT_A_TIME, EVERY_TIME']],
    ['a goal without a window', { goals: [{ name: 'a', event: 'b' }] }, ['goals.0.window is missing']],
    ['an exit rule', { exitRules: [{ event: 'a', where: [{ path: 'n', op: 'EXISTS' }], matchKey: 'k', reason: 'because' }] }, []],
    ['a purpose that is none', { settings: { purpose: 'FUN' } }, ['settings.purpose must be one of TRANSACTIONAL, SERVICE, PROMOTIONAL']],
    ['an edge to nothing', { edges: [{ from: 'a', port: 'next' }] }, ['edges.0.to is missing']],
    ['more goals than there may be', { goals: Array(21).fill({ name: 'a', event: 'b', window: 'P1D' }) }, ['goals must have at most 20 entries']],
    ['more nodes than there may be', { nodes: Array(501).fill(sound.nodes[0]) }, ['nodes must have at most 500 entries']],
  ])('says of %s', (_, change, expected) => {
    expect(faults({ ...sound, ...change })).toEqual(expected)
  })

  test('takes a name and a place of every node, and leaves its settings to its kind', () => {
    expect(withNode({ name: 'Kauf', position: { x: -1.5, y: 0 }, config: { anything: [{ at: 'all' }] } })).toEqual([])
    expect(withNode({ position: { x: 1 } })).toEqual(['nodes.0.position.y is missing'])
    expect(withNode({ config: [] })).toEqual(['nodes.0.config must be an object'])
  })

  test.each(['', '1st', 'a b', '__proto__', 'ä', 'a'.repeat(65)])('refuses the key %j', (key) => {
    expect(withNode({ key })).toHaveLength(1)
    expect(withNode({ key: 'constructor' })).toEqual([])
  })
})
