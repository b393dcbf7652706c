import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileCondition } from '../../../src/domain/condition/evaluate.ts'
import { audienceConditionShape, conditionShape, propertyFilterShape } from '../../../src/domain/condition/validate.ts'
import type { Facts } from '../../../src/domain/facts.ts'
import type { Shape } from '../../../src/domain/shape.ts'

function judge(shape: Shape<unknown>, value: unknown): unknown {
  const faults: string[] = []
  const parsed = shape.parse(value, ['when'], (path, message) => faults.push(`${path.join('.')}: ${message}`))
  if ((parsed === undefined) !== faults.length > 0) throw new Error('a fault without a report, or a report without a fault')
  return parsed === undefined ? faults : parsed
}

const deep = (levels: number): unknown => (levels === 1 ? { tag: 'a' } : { not: deep(levels - 1) })
const wide = (members: number) => ({ all: Array.from({ length: members }, () => ({ tag: 'a' })) })

describe('conditionShape', () => {
  test.each<[unknown]>([
    [{ all: [{ tag: 'a' }, { any: [{ not: { goal: 'b' } }] }] }],
    [{ attribute: { path: '$createdAt', op: 'WITHIN_LAST', value: 'P7D' } }],
    [{ attribute: { path: 'a.b', op: 'EQ', value: null } }],
    [{ key: { op: 'IN', value: ['a', 1] } }],
    [
      {
        event: {
          name: 'bought',
          where: [{ path: '$total', op: 'GT', value: 5 }],
          count: { op: 'EQ', value: 500 },
          within: 'P2Y',
          sinceEntry: true,
          matchKey: 'cartId',
        },
      },
    ],
    [{ engagement: { node: 'mail', status: 'OPENED' } }],
    [{ consent: { channel: 'email', topic: 'news', state: 'GRANTED' } }],
    [{ reachable: 'sms' }],
    [{ time: { days: [1, 7], from: '22:00', to: '02:00' } }],
    [deep(10)],
    [wide(99)],
  ])('takes %j', (condition) => {
    expect(judge(conditionShape, condition)).toEqual(condition)
  })

  test.each<[unknown, string]>([
    [null, 'when: must be an object'],
    [
      {},
      'when: must have exactly one member of all, any, not, attribute, tag, event, engagement, key, variable, triggerEvent, goal, reachable, consent, time',
    ],
    [
      { tags: 'a' },
      'when.tags: is not a condition; there are all, any, not, attribute, tag, event, engagement, key, variable, triggerEvent, goal, reachable, consent, time',
    ],
    [{ all: [] }, 'when.all: must be a list of at least one condition'],
    [{ any: [{ tag: 'a' }, { tag: 1 }] }, 'when.any.1.tag: must be text'],
    [{ not: [] }, 'when.not: must be an object'],
    [
      { attribute: { path: '$age', op: 'EXISTS' } },
      'when.attribute.path: must be one of $externalId, $locale, $timeZone, $createdAt, or an attribute',
    ],
    [{ attribute: { path: 'a..b', op: 'EXISTS' } }, 'when.attribute.path: must be up to 10 names joined by dots'],
    [{ attribute: { op: 'EXISTS' } }, 'when.attribute.path: is missing'],
    [{ attribute: { path: 'a', op: 'EXISTS', value: 1 } }, 'when.attribute.value: is not used with this operator'],
    [{ attribute: { path: 'a', op: 'EQ' } }, 'when.attribute.value: is missing'],
    [{ attribute: { path: 'a', op: 'GT', value: true } }, 'when.attribute.value: must be a number or text'],
    [{ attribute: { path: 'a', op: 'IN', value: [] } }, 'when.attribute.value: must be a list of 1 to 100 values'],
    [{ attribute: { path: 'a', op: 'BEFORE', value: '2025-02-30' } }, 'when.attribute.value: must be an ISO 8601 date or time, or Unix milliseconds'],
    [{ attribute: { path: 'a', op: 'WITHIN_LAST', value: '7 days' } }, 'when.attribute.value: must be an ISO 8601 duration such as P7D'],
    [{ attribute: { path: 'a', op: 'EQ', value: 'x'.repeat(10_000) } }, 'when.attribute.value: must have at most 10000 characters as JSON'],
    [{ attribute: { path: 'a', op: 'EQ', value: ['\0'] } }, 'when.attribute.value: must not hold U+0000 or half a surrogate pair'],
    [{ attribute: { path: 'a', op: 'EQ', value: 'x\uD800' } }, 'when.attribute.value: must not hold U+0000 or half a surrogate pair'],
    [
      { attribute: { path: 'a', op: 'LIKE', value: 1 } },
      'when.attribute.op: must be one of EQ, NEQ, GT, GTE, LT, LTE, IN, NOT_IN, CONTAINS, NOT_CONTAINS, STARTS_WITH, ENDS_WITH, EXISTS, NOT_EXISTS, BEFORE, AFTER, WITHIN_LAST, NOT_WITHIN_LAST',
    ],
    [{ key: { path: 'a', op: 'EXISTS' } }, 'when.key.path: is not a setting here'],
    [{ tag: '\0' }, 'when.tag: must not hold U+0000 or half a surrogate pair'],
    [{ event: { name: 'a', within: 'P3Y' } }, 'when.event.within: must be two years at most'],
    [{ event: { name: 'a', count: { op: 'EQ', value: 501 } } }, 'when.event.count.value: must be at most 500'],
    [{ event: { name: 'a', whit: 'P1D' } }, 'when.event.whit: is not a setting here'],
    [{ reachable: 'fax' }, 'when.reachable: must be one of push, web_push, in_app, email, sms, whatsapp, rcs'],
    [{ time: {} }, 'when.time: must name days or a time'],
    [{ time: { from: '09:00', to: '09:00' } }, 'when.time.to: must differ from `from`'],
    [{ time: { days: [0] } }, 'when.time.days.0: must be at least 1'],
    [deep(11), `when${'.not'.repeat(10)}: must be at most 10 deep`],
    [wide(100), 'when: must have at most 100 members'],
  ])('refuses %j', (condition, fault) => {
    expect(judge(conditionShape, condition)).toEqual([fault])
  })

  test('a backslash before an escape is text like any other', () => {
    const condition = { tag: 'a\\u0000' }
    expect(judge(conditionShape, condition)).toEqual(condition)
    const attribute = { attribute: { path: 'a', op: 'EQ', value: 'C:\\u0000' } }
    expect(judge(conditionShape, attribute)).toEqual(attribute)
  })

  test('stops at the limit, however large the condition', () => {
    let seen = 0
    const counted = {
      get tag() {
        seen++
        return 'a'
      },
    }
    expect(judge(conditionShape, { all: Array.from({ length: 100_000 }, () => counted) })).toEqual(['when: must have at most 100 members'])
    expect(seen).toBe(99)
  })

  test('judges anything without throwing, and what it takes evaluates', () => {
    const facts: Facts = {
      contact: { id: '', externalId: null, attributes: {}, tags: [], locale: null, timeZone: 'UTC', createdAt: 0, suppressed: false, erased: false },
      identities: [],
      consents: [],
      history: [],
      dedupe: [],
      paused: false,
    }
    const members = ['all', 'any', 'not', 'attribute', 'tag', 'event', 'engagement', 'key', 'goal', 'consent', 'time', 'toString', '__proto__']
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...members), tie('node'), { maxKeys: 2 }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    }))
    fc.assert(
      fc.property(node, (value) => {
        const parsed = conditionShape.parse(value, [], () => {})
        if (parsed !== undefined) expect(compileCondition(parsed)({ facts, enrollment: null, now: 0 })).toBeTypeOf('boolean')
      }),
      { numRuns: 2000 },
    )
  })
})

test('audienceConditionShape refuses what needs an enrollment, with its place', () => {
  expect(judge(audienceConditionShape, { all: [{ tag: 'a' }, { not: { goal: 'b' } }] })).toEqual([
    'when.all.1.not.goal: only makes sense inside a journey',
  ])
  expect(judge(audienceConditionShape, { event: { name: 'a', matchKey: 'b' } })).toEqual(['when.event.matchKey: only makes sense inside a journey'])
  expect(judge(audienceConditionShape, { event: { name: 'a', within: 'P1D' } })).toEqual({ event: { name: 'a', within: 'P1D' } })
})

test("the schema describes itself under its own id, and leaves out of the audience's what that refuses", () => {
  const members = (shape: Shape<unknown>) => (shape.schema.anyOf as { title: string }[]).map((each) => each.title)
  expect(members(conditionShape)).toEqual([
    'all',
    'any',
    'not',
    'attribute',
    'tag',
    'event',
    'engagement',
    'key',
    'variable',
    'triggerEvent',
    'goal',
    'reachable',
    'consent',
    'time',
  ])
  expect(members(audienceConditionShape)).toEqual(['all', 'any', 'not', 'attribute', 'tag', 'event', 'reachable', 'consent', 'time'])
  expect([conditionShape.schema.$id, audienceConditionShape.schema.$id]).toEqual(['urn:throughline:condition', 'urn:throughline:audience-condition'])
})

test('propertyFilterShape reports each comparison', () => {
  expect(
    judge(propertyFilterShape, [
      { path: 'a', op: 'EXISTS' },
      { path: '', op: 'EQ', value: 1 },
    ]),
  ).toEqual(['when.1.path: is missing'])
  expect(judge(propertyFilterShape, [{ path: '$any', op: 'NOT_EXISTS' }])).toEqual([{ path: '$any', op: 'NOT_EXISTS' }])
})
