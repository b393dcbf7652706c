import { expect, test } from 'vitest'
import type { Condition } from '../../../../src/domain/condition/condition.ts'
import { event, FACTS, NOW } from '../arbitrary.ts'
import { compiled, journey, life, problems } from '../play.ts'

const asking = (branches: readonly [name: string, when: Condition][], rest = {}) =>
  journey(
    {
      ask: [
        'branch',
        { branches: branches.map(([name, when]) => ({ name, when })) },
        Object.fromEntries([...branches.map(([name]) => name), 'else'].map((port) => [port, `by-${port}`])),
      ],
      ...Object.fromEntries([...branches.map(([name]) => name), 'else'].map((port) => [`by-${port}`, ['exit', { reason: port }] as const])),
    },
    rest,
  )
const tagged = (...tags: string[]) => ({ contact: { ...FACTS.contact, tags } })

test('takes the first branch, in order, whose condition holds, and `else` where none does', () => {
  const graph = asking([
    ['gold', { tag: 'gold' }],
    ['any', { any: [{ tag: 'gold' }, { tag: 'silver' }] }],
    ['keyed', { key: { op: 'EQ', value: 'k' } }],
  ])
  expect(life(graph, tagged('silver', 'gold')).state().endReason).toBe('gold')
  expect(life(graph, tagged('silver')).state().endReason).toBe('any')
  expect(life(graph).state().endReason).toBe('keyed')
  expect(life(graph, {}, { key: 'other' }).state().endReason).toBe('else')
})

test('asks about the enrollment as it is now: its messages, its goals, what happened since entry', () => {
  const after = (when: Condition) => {
    const graph = journey(
      {
        mail: ['email', { templateId: 't-email', nextAfter: 'PT1H' }, { next: 'ask' }],
        ask: ['branch', { branches: [{ name: 'yes', when }] }, { yes: 'end' }],
        end: ['exit', { reason: 'yes' }],
      },
      { goals: [{ name: 'seen', event: 'view', window: 'P1D', onReached: 'RECORD' }] },
    )
    const one = life(graph)
    one.signal(NOW, 'OPENED')
    one.hear(NOW, event('v', 'view', NOW))
    one.timer(NOW + 3_600_000)
    return one.state().endReason
  }
  expect(after({ engagement: { node: 'mail', status: 'OPENED' } })).toBe('yes')
  expect(after({ engagement: { node: 'mail', status: 'CLICKED' } })).toBeNull()
  expect(after({ goal: 'seen' })).toBe('yes')
  expect(after({ event: { name: 'view', sinceEntry: true } })).toBe('yes')
})

test('names what must be known of the past before it can be asked', () => {
  const graph = asking([
    ['one', { all: [{ event: { name: 'a', within: 'P1D' } }, { event: { name: 'b', sinceEntry: true } }] }],
    ['two', { not: { event: { name: 'a', within: 'P2D' } } }],
  ])
  expect(compiled(graph).history).toEqual([
    { name: 'a', withinMs: 2 * 86_400_000, sinceEntry: false },
    { name: 'b', withinMs: null, sinceEntry: true },
  ])
})

test('may not be published with two branches of a name, or about a node that sends nothing', () => {
  const found = (branches: readonly [string, Condition][]) =>
    problems(journey({ ask: ['branch', { branches: branches.map(([name, when]) => ({ name, when })) }] })).map(([code, , path]) => [code, path])
  expect(
    found([
      ['a', { tag: 'x' }],
      ['b', { tag: 'x' }],
    ]),
  ).toEqual([])
  expect(
    found([
      ['a', { tag: 'x' }],
      ['a', { tag: 'y' }],
      ['else', { tag: 'z' }],
    ]),
  ).toEqual([
    ['INVALID_CONFIG', 'branches.1.name'],
    ['INVALID_CONFIG', 'branches.2.name'],
  ])
  expect(found([])).toEqual([['INVALID_CONFIG', 'branches']])
  expect(found([['a', { not: { engagement: { node: 'start', status: 'OPENED' } } }]])).toEqual([['UNKNOWN_NODE', 'branches.0.when']])
  const about = { branches: [{ name: 'a', when: { engagement: { node: 'mail', status: 'OPENED' } } }] }
  expect(problems(journey({ mail: ['email', { templateId: 't-email' }, { next: 'ask' }], ask: ['branch', about] }))).toEqual([])
  expect(found([['a', { tag: '' }]]).map(([code]) => code)).toEqual(['INVALID_CONFIG'])
})
