import { describe, expect, test } from 'vitest'
import type { Condition, EventCondition } from '../../../src/domain/condition/condition.ts'
import { evaluate, matchesFilter } from '../../../src/domain/condition/evaluate.ts'
import type { EventFact, Facts } from '../../../src/domain/facts.ts'
import type { EnrollmentState } from '../../../src/domain/journey/enrollment.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const HOUR = 3_600_000
const ENTERED = NOW - 2 * HOUR

function event(id: string, name: string, occurredAt: number, properties: EventFact['properties'] = {}): EventFact {
  return { id, name, properties, occurredAt, receivedAt: occurredAt }
}

const TRIGGER = event('t', 'cart', ENTERED, { cartId: 7, total: 120 })
const FACTS: Facts = {
  contact: {
    id: 'c',
    externalId: 'u-1',
    attributes: { plan: 'pro', address: { city: 'Bern' }, list: [1] },
    tags: ['vip'],
    locale: 'de-CH',
    timeZone: 'Europe/Zurich',
    createdAt: NOW - 24 * HOUR,
    suppressed: false,
    erased: false,
  },
  identities: [
    { id: 'i', channel: 'email', status: 'ACTIVE', platform: null, lastSeenAt: 0 },
    { id: 'j', channel: 'sms', status: 'BOUNCED', platform: null, lastSeenAt: 0 },
  ],
  consents: [{ channel: 'email', topic: null, state: 'GRANTED' }],
  history: [event('a', 'bought', NOW - 72 * HOUR, { cartId: '7', total: 10 }), TRIGGER, event('b', 'bought', NOW - HOUR, { cartId: '8', total: 50 })],
  dedupe: [],
  paused: false,
}
const ENROLLMENT: EnrollmentState = {
  id: 'e',
  journeyId: 'j',
  versionId: 'v',
  contactId: 'c',
  key: '7',
  enteredAt: ENTERED,
  trigger: { node: 'start', event: TRIGGER },
  status: 'ACTIVE',
  endReason: null,
  endedAt: null,
  node: 'n',
  visit: 1,
  since: ENTERED,
  dueAt: null,
  memo: null,
  memory: {},
  vars: { coupon: { code: 'X' } },
  messages: {
    mail: { id: 'm', channel: 'email', rank: 3, failed: false, acceptedAt: NOW },
    text: { id: 'o', channel: 'sms', rank: 0, failed: true, acceptedAt: null },
  },
  goals: { bought: NOW },
  seq: 1,
}
const holds = (condition: Condition, enrollment: EnrollmentState | null = ENROLLMENT, now = NOW) =>
  evaluate(condition, { facts: FACTS, enrollment, now })
const happened = (condition: Omit<EventCondition, 'name'>, name = 'bought') => holds({ event: { name, ...condition } })

test('composition', () => {
  const [yes, no]: Condition[] = [{ tag: 'vip' }, { tag: 'none' }]
  if (!yes || !no) return expect.unreachable()
  expect([holds({ all: [yes, no] }), holds({ all: [yes, yes] }), holds({ all: [] })]).toEqual([false, true, true])
  expect([holds({ any: [yes, no] }), holds({ any: [no] }), holds({ any: [] })]).toEqual([true, false, false])
  expect([holds({ not: yes }), holds({ not: no })]).toEqual([false, true])
  expect(holds({ unheardOf: true } as unknown as Condition)).toBe(false)
})

test("attributes, and the contact's own fields", () => {
  expect(holds({ attribute: { path: 'address.city', op: 'EQ', value: 'Bern' } })).toBe(true)
  expect(holds({ attribute: { path: 'list.length', op: 'EXISTS' } })).toBe(false)
  expect(holds({ attribute: { path: '$externalId', op: 'EQ', value: 'u-1' } })).toBe(true)
  expect(holds({ attribute: { path: '$locale', op: 'STARTS_WITH', value: 'de' } })).toBe(true)
  expect(holds({ attribute: { path: '$timeZone', op: 'EQ', value: 'Europe/Zurich' } })).toBe(true)
  expect(holds({ attribute: { path: '$createdAt', op: 'EQ', value: '2025-06-14T12:00:00.000Z' } })).toBe(true)
  expect(holds({ attribute: { path: '$createdAt', op: 'WITHIN_LAST', value: 'P1D' } })).toBe(true)
  expect(holds({ attribute: { path: '$constructor', op: 'EXISTS' } })).toBe(false)
})

describe('events', () => {
  test('name, count, window, filter', () => {
    expect([happened({}), happened({}, 'sold')]).toEqual([true, false])
    expect([
      happened({ count: { op: 'EQ', value: 2 } }),
      happened({ count: { op: 'GT', value: 2 } }),
      happened({ count: { op: 'NEQ', value: 2 } }),
    ]).toEqual([true, false, false])
    expect([
      happened({ count: { op: 'EQ', value: 0 } }, 'sold'),
      happened({ count: { op: 'LTE', value: 1 } }),
      happened({ count: { op: 'LT', value: 3 } }),
    ]).toEqual([true, false, true])
    expect([happened({ within: 'PT1H', count: { op: 'EQ', value: 1 } }), happened({ within: 'PT59M' })]).toEqual([true, false])
    expect([happened({ where: [{ path: 'total', op: 'GTE', value: 50 }] }), happened({ where: [{ path: 'total', op: 'GT', value: 50 }] })]).toEqual([
      true,
      false,
    ])
  })

  test('since entry leaves out what came before, and what made the entry', () => {
    expect([happened({ sinceEntry: true, count: { op: 'EQ', value: 1 } }), happened({ sinceEntry: true }, 'cart'), happened({}, 'cart')]).toEqual([
      true,
      false,
      true,
    ])
  })

  test('the key is matched as text', () => {
    expect([
      happened({ matchKey: 'cartId', count: { op: 'EQ', value: 1 } }),
      happened({ matchKey: 'cartId' }, 'cart'),
      happened({ matchKey: 'total' }),
    ]).toEqual([true, true, false])
  })
})

test('what needs an enrollment, with one and without', () => {
  const conditions: [Condition, boolean][] = [
    [{ engagement: { node: 'mail', status: 'OPENED' } }, true],
    [{ engagement: { node: 'mail', status: 'CLICKED' } }, false],
    [{ engagement: { node: 'mail', status: 'FAILED' } }, false],
    [{ engagement: { node: 'text', status: 'FAILED' } }, true],
    [{ engagement: { node: 'text', status: 'SENT' } }, false],
    [{ engagement: { node: 'constructor', status: 'FAILED' } }, false],
    [{ key: { op: 'EQ', value: '7' } }, true],
    [{ variable: { path: 'coupon.code', op: 'EQ', value: 'X' } }, true],
    [{ triggerEvent: { path: 'total', op: 'GT', value: 100 } }, true],
    [{ goal: 'bought' }, true],
    [{ goal: 'toString' }, false],
    [{ event: { name: 'bought', sinceEntry: true } }, true],
    [{ event: { name: 'bought', matchKey: 'cartId' } }, true],
    [{ key: { op: 'NEQ', value: '8' } }, true],
  ]
  for (const [condition, expected] of conditions) {
    expect(holds(condition), JSON.stringify(condition)).toBe(expected)
    expect(holds(condition, null), JSON.stringify(condition)).toBe(false)
  }
})

test('reachable: active, and neither suppressed nor erased', () => {
  expect([holds({ reachable: 'email' }), holds({ reachable: 'sms' }), holds({ reachable: 'push' })]).toEqual([true, false, false])
  expect(holds({ reachable: 'in_app' })).toBe(true)
  for (const fate of [{ suppressed: true }, { erased: true }]) {
    const facts = { ...FACTS, contact: { ...FACTS.contact, ...fate } }
    for (const reachable of ['email', 'in_app'] as const) expect(evaluate({ reachable }, { facts, enrollment: null, now: NOW })).toBe(false)
  }
})

test('consent', () => {
  expect(holds({ consent: { channel: 'email', topic: 'news', state: 'GRANTED' } })).toBe(true)
  expect(holds({ consent: { state: 'UNKNOWN' } })).toBe(true)
})

// 15 June 2025 is a Sunday; 12:00Z is 14:00 in Zurich.
test.each<[string, Extract<Condition, { time: unknown }>['time'], boolean]>([
  ['2025-06-15T12:00Z', { from: '14:00', to: '14:01' }, true],
  ['2025-06-15T12:00Z', { from: '13:00', to: '14:00' }, false],
  ['2025-06-15T12:00Z', { days: [7] }, true],
  ['2025-06-15T12:00Z', { days: [1, 6] }, false],
  ['2025-06-15T22:30Z', { days: [1], to: '01:00' }, true],
  ['2025-06-15T21:30Z', { days: [7], from: '22:00', to: '02:00' }, true],
  ['2025-06-15T22:30Z', { days: [7], from: '22:00', to: '02:00' }, true],
  ['2025-06-15T22:30Z', { days: [1], from: '22:00', to: '02:00' }, false],
  ['2025-06-16T00:00Z', { days: [7], from: '22:00', to: '02:00' }, false],
  ['2025-06-15T12:00Z', { from: '22:00', to: '02:00' }, false],
])('at %s %j is %s', (now, time, expected) => {
  expect(holds({ time }, null, Date.parse(now))).toBe(expected)
})

test('matchesFilter asks for every comparison, and no filter for nothing', () => {
  const filter = [
    { path: 'a', op: 'EQ', value: 1 },
    { path: 'b.c', op: 'EXISTS' },
  ] as const
  expect(matchesFilter({ a: 1, b: { c: 0 } }, filter, NOW)).toBe(true)
  expect(matchesFilter({ a: 1, b: {} }, filter, NOW)).toBe(false)
  expect(matchesFilter({}, undefined, NOW)).toBe(true)
})
