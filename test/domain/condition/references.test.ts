import { expect, test } from 'vitest'
import type { Condition } from '../../../src/domain/condition/condition.ts'
import { enrollmentNeed, historyNeeds, nodesNamed } from '../../../src/domain/condition/references.ts'

const CONDITION: Condition = {
  any: [
    { event: { name: 'bought', within: 'P7D' } },
    {
      not: {
        all: [
          { event: { name: 'bought', within: 'P1M' } },
          { event: { name: 'bought', sinceEntry: true, within: 'PT1H' } },
          { engagement: { node: 'mail', status: 'OPENED' } },
        ],
      },
    },
    { event: { name: 'seen', within: 'P1D' } },
    { event: { name: 'seen' } },
    { engagement: { node: 'mail', status: 'FAILED' } },
    { engagement: { node: 'text', status: 'SENT' } },
    { tag: 'vip' },
  ],
}

test('history reaches as far as the widest window of each name', () => {
  expect(historyNeeds(CONDITION)).toEqual([
    { name: 'bought', withinMs: 30 * 86_400_000, sinceEntry: false },
    { name: 'bought', withinMs: 3_600_000, sinceEntry: true },
    { name: 'seen', withinMs: null, sinceEntry: false },
  ])
})

test('nodes are named once', () => {
  expect(nodesNamed(CONDITION)).toEqual(['mail', 'text'])
})

test('what needs an enrollment is found however deep', () => {
  expect(enrollmentNeed(CONDITION)).toBe('sinceEntry')
  expect(enrollmentNeed({ not: { any: [{ tag: 'a' }, { goal: 'b' }] } })).toBe('goal')
  expect(enrollmentNeed({ all: [{ tag: 'a' }, { event: { name: 'b' } }, { time: { days: [1] } }] })).toBeNull()
})
