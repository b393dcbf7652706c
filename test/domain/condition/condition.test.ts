import { describe, expect, test } from 'vitest'
import { compare } from '../../../src/domain/condition/compare.ts'
import { type Condition, ENGAGEMENTS, OPERATORS, type Operator } from '../../../src/domain/condition/condition.ts'
import { evaluate } from '../../../src/domain/condition/evaluate.ts'
import type { ConditionKind } from '../../../src/domain/condition/members.ts'
import { conditionToSql } from '../../../src/domain/condition/sql.ts'
import { audienceConditionShape, conditionShape } from '../../../src/domain/condition/validate.ts'
import type { Facts } from '../../../src/domain/facts.ts'
import type { EnrollmentState } from '../../../src/domain/journey/enrollment.ts'
import type { Json } from '../../../src/domain/json.ts'
import type { Shape } from '../../../src/domain/shape.ts'
import { DAY, event, FACTS, HOUR, NOW } from '../journey/arbitrary.ts'
import { compiled, entering, journey } from '../journey/play.ts'

const facts: Facts = {
  ...FACTS,
  contact: { ...FACTS.contact, tags: ['vip'], attributes: { plan: 'pro' } },
  history: [event('h-1', 'bought', NOW - HOUR, { total: 50, key: 'k' })],
}
const enrollment: EnrollmentState = {
  ...entering(compiled(journey({ end: ['exit', { reason: 'done' }] })), facts, { key: 'k', total: 120 }),
  enteredAt: NOW - 2 * HOUR,
  vars: { coupon: 'X' },
  goals: { bought: NOW },
  messages: { mail: { id: 'm', channel: 'email', rank: 3, failed: false, acceptedAt: NOW } },
}

/** Of every member one sentence that is true of the contact above and one that is not. NOW is a Sunday, 14:00 in Zurich. */
const SENTENCES: Record<ConditionKind, readonly [yes: Condition, no: Condition]> = {
  all: [{ all: [{ tag: 'vip' }, { goal: 'bought' }] }, { all: [{ tag: 'vip' }, { tag: 'gone' }] }],
  any: [{ any: [{ tag: 'gone' }, { tag: 'vip' }] }, { any: [{ tag: 'gone' }, { tag: 'lost' }] }],
  not: [{ not: { tag: 'gone' } }, { not: { tag: 'vip' } }],
  attribute: [{ attribute: { path: 'plan', op: 'EQ', value: 'pro' } }, { attribute: { path: 'plan', op: 'EQ', value: 'free' } }],
  tag: [{ tag: 'vip' }, { tag: 'VIP' }],
  event: [
    { event: { name: 'bought', where: [{ path: 'total', op: 'GTE', value: 50 }], within: 'P1D', sinceEntry: true, matchKey: 'key' } },
    { event: { name: 'bought', count: { op: 'EQ', value: 0 } } },
  ],
  engagement: [{ engagement: { node: 'mail', status: 'OPENED' } }, { engagement: { node: 'mail', status: 'CLICKED' } }],
  key: [{ key: { op: 'STARTS_WITH', value: 'k' } }, { key: { op: 'EQ', value: 'other' } }],
  variable: [{ variable: { path: 'coupon', op: 'EXISTS' } }, { variable: { path: 'voucher', op: 'EXISTS' } }],
  triggerEvent: [{ triggerEvent: { path: 'total', op: 'GT', value: 100 } }, { triggerEvent: { path: 'total', op: 'GT', value: 120 } }],
  goal: [{ goal: 'bought' }, { goal: 'subscribed' }],
  reachable: [{ reachable: 'sms' }, { not: { reachable: 'sms' } }],
  consent: [{ consent: { channel: 'sms', state: 'GRANTED' } }, { consent: { state: 'WITHDRAWN' } }],
  time: [{ time: { days: [7], from: '14:00', to: '14:01' } }, { time: { from: '14:01', to: '14:00', days: [7] } }],
}
const ENROLLMENT_ONLY = new Set(['engagement', 'key', 'variable', 'triggerEvent', 'goal'])

function faults(shape: Shape<Condition>, condition: Condition): number {
  let found = 0
  shape.parse(condition, [], () => found++)
  return found
}

describe('every member of the language', () => {
  test.each(Object.entries(SENTENCES))('%s: is accepted, and tells yes from no', (_, [yes, no]) => {
    expect([faults(conditionShape, yes), faults(conditionShape, no)]).toEqual([0, 0])
    expect([yes, no].map((each) => evaluate(each, { facts, enrollment, now: NOW }))).toEqual([true, false])
  })

  test.each(Object.entries(SENTENCES))('%s: makes an audience, unless it is about one enrollment', (kind, [, no]) => {
    const write = () => conditionToSql(no, { firstParameter: 1, now: NOW, timeZone: 'UTC' })
    expect(faults(audienceConditionShape, no) > 0).toBe(ENROLLMENT_ONLY.has(kind))
    if (ENROLLMENT_ONLY.has(kind)) expect(write).toThrow('only makes sense inside a journey')
    else expect(write().text).not.toBe('false')
  })
})

describe('every operator', () => {
  const weekAgo = new Date(NOW - 7 * DAY).toISOString()
  const CASES: Record<Operator, readonly [value: Json, holds: Json | undefined, fails: Json | undefined]> = {
    EQ: ['a', 'a', 'A'],
    NEQ: ['a', 'A', 'a'],
    GT: [5, 4, 5],
    GTE: [5, 5, 6],
    LT: [5, 6, 5],
    LTE: [5, 5, 4],
    IN: ['a', ['b', 'a'], ['b']],
    NOT_IN: ['a', ['b'], ['b', 'a']],
    CONTAINS: [['a', 'b'], 'b', 'c'],
    NOT_CONTAINS: ['abc', 'x', 'b'],
    STARTS_WITH: ['abc', 'ab', 'bc'],
    ENDS_WITH: ['abc', 'bc', 'ab'],
    EXISTS: ['', undefined, undefined],
    NOT_EXISTS: [null, undefined, undefined],
    BEFORE: [weekAgo, NOW, weekAgo],
    AFTER: [NOW, weekAgo, NOW],
    WITHIN_LAST: [weekAgo, 'P7D', 'P6D'],
    NOT_WITHIN_LAST: [weekAgo, 'P6D', 'P7D'],
  }

  test('has a name of its own and a case below', () => {
    expect(new Set(OPERATORS)).toEqual(new Set(Object.keys(CASES)))
    expect(new Set(OPERATORS).size).toBe(OPERATORS.length)
  })

  test.each(OPERATORS)('%s', (op) => {
    const [value, holds, fails] = CASES[op]
    const comparison = (operand: Json | undefined) => (operand === undefined ? { op } : { op, value: operand })
    expect(compare(value, comparison(holds), NOW)).toBe(true)
    expect(faults(conditionShape, { attribute: { path: 'a', ...comparison(holds) } })).toBe(0)
    if (fails !== undefined) expect(compare(value, comparison(fails), NOW)).toBe(false)
    else expect(compare(value === null ? 'a' : null, { op }, NOW)).toBe(false)
  })
})

test('engagement: each status reached holds all that come before it, and a failure stands alone', () => {
  const reached = (rank: number, failed = false) => {
    const messages = { mail: { id: 'm', channel: 'email' as const, rank, failed, acceptedAt: NOW } }
    return ENGAGEMENTS.filter((status) =>
      evaluate({ engagement: { node: 'mail', status } }, { facts, enrollment: { ...enrollment, messages }, now: NOW }),
    )
  }
  expect(reached(0)).toEqual([])
  expect(reached(3)).toEqual(['SENT', 'DELIVERED', 'OPENED'])
  expect(reached(5)).toEqual(['SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED'])
  expect(reached(0, true)).toEqual(['FAILED'])
})
