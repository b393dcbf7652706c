import { expect, test } from 'vitest'
import type { MessageMemo } from '../../../src/domain/journey/enrollment.ts'
import { bestOf, isSatisfied, memoOfNode } from '../../../src/domain/journey/message-memo.ts'
import { compiled, entering, journey } from './play.ts'

const memo = (id: string, over: Partial<MessageMemo> = {}): MessageMemo => ({
  id,
  channel: 'push',
  rank: 0,
  failed: false,
  acceptedAt: null,
  ...over,
})

test('of several messages counts what got furthest; they have failed where all have, and are accepted with the first', () => {
  expect(bestOf([])).toBeUndefined()
  expect(bestOf([memo('a', { failed: true })])).toEqual(memo('a', { failed: true }))
  const [a, b] = [memo('a', { rank: 1, acceptedAt: 5 }), memo('b', { rank: 3, acceptedAt: 9 })]
  expect(bestOf([a, b])).toEqual(memo('b', { rank: 3, acceptedAt: 5 }))
  expect(bestOf([b, a])).toEqual(memo('b', { rank: 3, acceptedAt: 5 }))
  const [lost, waiting] = [memo('c', { failed: true }), memo('d')]
  expect(bestOf([lost, waiting])).toEqual({ ...lost, failed: false })
  expect(bestOf([lost, memo('e', { failed: true, acceptedAt: 3 })])).toEqual({ ...lost, acceptedAt: 3 })
})

test('what a gate held back counts for nothing beside what left', () => {
  const held = memo('h', { withheld: true })
  const lost = memo('l', { failed: true })
  expect(bestOf([held, lost])).toEqual(lost)
  expect(bestOf([memo('x', { rank: 1 }), held])).toEqual(memo('x', { rank: 1 }))
  expect(bestOf([held, memo('i', { withheld: true })])).toEqual(held)
})

test('a node’s messages are those of all its slots, and of no other node’s', () => {
  const messages = {
    push: memo('a', { rank: 1 }),
    'push#1': memo('b', { rank: 4 }),
    push2: memo('c', { rank: 5 }),
    'other#1': memo('d', { rank: 5 }),
  }
  expect(memoOfNode(messages, 'push')?.rank).toBe(4)
  expect(memoOfNode(messages, 'push2')?.id).toBe('c')
  expect(memoOfNode(messages, 'other')?.id).toBe('d')
  expect(memoOfNode(messages, 'constructor')).toBeUndefined()
})

test('one rung that was heard satisfies the others of its visit; the messages of other kinds are each their own', () => {
  const rungs = ['push', 'email'].map((channel) => ({ channel, templateId: `t-${channel}`, wait: 'PT1H' }))
  const config = { rungs, engagedBy: 'CLICKED' }
  const graph = compiled(
    journey({ climb: ['escalation', config], both: ['multi', { messages: rungs.map(({ channel, templateId }) => ({ channel, templateId })) }] }),
  )
  const messages = { climb: memo('a', { rank: 3 }), 'climb#1': memo('b'), both: memo('c', { rank: 5 }), 'both#1': memo('d') }
  const state = { ...entering(graph), messages }
  expect(isSatisfied(graph.nodes.get('climb'), state, 'b')).toBe(false)
  messages.climb.rank = 4
  const asked: [string, string][] = [
    ['climb', 'b'],
    ['climb', 'a'],
    ['climb', 'of an earlier visit'],
    ['both', 'd'],
    ['gone', 'b'],
  ]
  expect(asked.map(([node, id]) => isSatisfied(graph.nodes.get(node), state, id))).toEqual([true, true, false, false, false])
})
