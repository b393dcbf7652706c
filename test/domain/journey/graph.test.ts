import { expect, test } from 'vitest'
import { FALLS_THROUGH, type Graph, PROBLEM_CODES, type ProblemCode } from '../../../src/domain/journey/graph.ts'
import { journey, life, problems } from './play.ts'

const update = (next: string) => ['update', { addTags: ['x'] }, { next }] as const
const end = { end: ['exit', {}] as const }
const mail = (config: object, ports: Record<string, string> = {}) => journey({ mail: ['email', { templateId: 't-email', ...config }, ports], ...end })

/** For each problem a graph that has it. */
const TROUBLED: Record<ProblemCode, Graph> = {
  INVALID_CONFIG: journey({ end: ['exit', { reason: 1 }] }),
  UNKNOWN_KIND: journey({ end: ['exodus', {}] }),
  DUPLICATE_KEY: { ...journey(end), nodes: [...journey(end).nodes, ...journey(end).nodes] },
  NO_TRIGGER: { ...journey(end), nodes: journey(end).nodes.slice(1), edges: [] },
  UNKNOWN_NODE: journey({ a: update('nowhere') }),
  UNKNOWN_PORT: journey({ a: ['update', { addTags: ['x'] }, { success: 'end' }], ...end }),
  DUPLICATE_EDGE: { ...journey(end), edges: [...journey(end).edges, ...journey(end).edges] },
  INTO_TRIGGER: journey({ a: update('start') }),
  UNREACHABLE: journey({ a: ['exit', {}], ...end }),
  UNCONNECTED: journey({ a: ['delay', { duration: 'P1D' }] }),
  UNBOUNDED_LOOP: journey({ a: update('a') }),
  STRANDED: mail({ followUps: [{ on: 'OPENED' }] }, { opened: 'end' }),
  UNKNOWN_TEMPLATE: mail({ templateId: 'none' }, { next: 'end' }),
  TEMPLATE_REFUSED: mail({ templateId: 't-email/refused' }, { next: 'end' }),
  UNKNOWN_TOPIC: mail({ topicId: 'none' }, { next: 'end' }),
  UNKNOWN_SECRET: journey({ call: ['webhook', { method: 'GET', url: 'https://example.com/{{ secrets.none }}' }, { success: 'end' }], ...end }),
}

test.each(Object.entries(TROUBLED))('a graph can have the problem %s, which says what it is', (code, graph) => {
  expect(problems(graph).map(([found]) => found)).toContain(code)
  expect(PROBLEM_CODES[code as ProblemCode]).toMatch(/^[A-Z][^.]*\.$/)
})

test('ports that fall through do so to a port of their own node, and end as undeliverable where that leads nowhere', () => {
  expect(FALLS_THROUGH).toEqual({ failed: 'next', suppressed: 'next', error: 'success' })
  const unreachable = { identities: [] }
  expect(life(mail({}, { next: 'end' }), unreachable).state().endReason).toBe('exit_node')
  expect(life(mail({}, { next: 'end', suppressed: 'other' }), unreachable).state()).toMatchObject({ status: 'FAILED', endReason: 'node_missing' })
  expect(life(mail({}), unreachable).state()).toMatchObject({ status: 'EXITED', endReason: 'undeliverable' })
  // Any other port that leads nowhere is where a journey is over.
  expect(life(journey({ ask: ['branch', { branches: [{ name: 'x', when: { tag: 'x' } }] }] })).state().status).toBe('COMPLETED')
})
