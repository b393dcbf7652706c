import { expect, test } from 'vitest'
import type { Facts } from '../../src/domain/facts.ts'
import type { Case } from '../../src/lanes/case.ts'
import { Outbox } from '../../src/lanes/outbox.ts'
import { noteSaid, recallSaid } from '../../src/lanes/said.ts'

const half = (contactId: string, known: string, linked: readonly string[]) =>
  ({ contactId, linked, facts: { contact: { id: known }, dedupe: [{ key: 'yesterday', at: 1 }] } as unknown as Facts }) as Case
const keys = (one: Case) => one.facts.dedupe.map(({ key, at }) => `${key} ${at}`)

test('what is said to one half of a person is known to those that come after it, and to nobody else', () => {
  const outbox = new Outbox(5)
  const [ada, phone, laptop, bob] = [
    half('ada', 'ada', ['phone', 'laptop']),
    half('phone', 'ada', ['ada', 'laptop']),
    half('laptop', 'ada', ['ada', 'phone']),
    half('bob', 'bob', []),
  ]
  recallSaid(ada, outbox)
  noteSaid(ada, 'cart', outbox)
  recallSaid(phone, outbox)
  noteSaid(phone, 'order', outbox)
  noteSaid(bob, 'news', outbox)
  recallSaid(laptop, outbox)
  expect([ada, phone, laptop, bob].map(keys)).toEqual([
    ['yesterday 1', 'cart 5'],
    ['yesterday 1', 'cart 5', 'order 5'],
    ['yesterday 1', 'cart 5', 'order 5'],
    ['yesterday 1', 'news 5'],
  ])
})
