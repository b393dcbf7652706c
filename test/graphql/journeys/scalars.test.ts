import { expect, test } from 'vitest'
import { DEEPEST_CONDITION } from '../../../src/domain/condition/validate.ts'
import { ChannelEnum } from '../../../src/graphql/channel.ts'
import { toGlobalId } from '../../../src/graphql/global-id.ts'
import { ConditionScalar, PropertyFilterScalar } from '../../../src/graphql/journeys/scalars.ts'

const CHANNELS = Object.keys(ChannelEnum).join(', ')
const topic = toGlobalId('Topic', '01990000-0000-8000-8000-000000000002')

test.each([
  { reachable: 'EMAIL' },
  { consent: { channel: 'SMS', topic, state: 'GRANTED' } },
  { all: [{ not: { reachable: 'PUSH' } }, { any: [{ tag: 'email' }, { attribute: { path: 'channel', op: 'EQ', value: 'email' } }] }] },
])('%j is taken as it is given', (condition) => {
  expect(ConditionScalar.parseValue(condition)).toEqual(condition)
})

test.each([
  [{ reachable: 'email' }, `reachable must be one of ${CHANNELS}`],
  [{ any: [{ consent: { channel: 'Sms', state: 'GRANTED' } }] }, `any.0.consent.channel must be one of ${CHANNELS}`],
  [{ reachable: 'FAX' }, `reachable must be one of ${CHANNELS}`],
  [{ reachable: '__proto__' }, `reachable must be one of ${CHANNELS}`],
  [{ consent: { channel: 'SMS', state: 'granted' } }, 'consent.state must be one of UNKNOWN, PENDING, GRANTED, WITHDRAWN, SUPPRESSED'],
  ['EMAIL', 'must be an object'],
  [[{ reachable: 'EMAIL' }], 'must be an object'],
])('%j is refused: %s', (condition, fault) => {
  expect(() => ConditionScalar.parseValue(condition)).toThrow(`Condition: ${fault}`)
})

test('a condition however deep is refused, not run out of stack for', () => {
  let condition: object = { reachable: 'EMAIL' }
  for (let depth = 0; depth < 100_000; depth++) condition = { not: condition }
  expect(() => ConditionScalar.parseValue(condition)).toThrow(`must be at most ${DEEPEST_CONDITION} deep`)
})

test('a filter’s values are the author’s own', () => {
  const filter = [{ path: 'reachable', op: 'IN', value: ['email', null, { reachable: 'sms' }] }]
  expect(PropertyFilterScalar.parseValue(filter)).toEqual(filter)
})
