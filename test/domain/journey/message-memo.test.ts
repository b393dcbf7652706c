import { expect, test } from 'vitest'
import type { MessageMemo } from '../../../src/domain/journey/enrollment.ts'
import { bestOf, memoOfNode } from '../../../src/domain/journey/message-memo.ts'

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
