import { expect, test } from 'vitest'
import { consentState } from '../../../src/domain/condition/consent-state.ts'
import type { ConsentFact } from '../../../src/domain/facts.ts'

const ALL: ConsentFact = { channel: null, topic: null, state: 'WITHDRAWN' }
const TOPIC: ConsentFact = { channel: null, topic: 'news', state: 'PENDING' }
const CHANNEL: ConsentFact = { channel: 'email', topic: null, state: 'SUPPRESSED' }
const BOTH: ConsentFact = { channel: 'email', topic: 'news', state: 'GRANTED' }
const EVERY = [ALL, TOPIC, CHANNEL, BOTH]

test('the most specific entry stands, in whatever order they come', () => {
  for (const consents of [EVERY, EVERY.toReversed()]) {
    expect(consentState(consents, 'email', 'news')).toBe('GRANTED')
    expect(consentState(consents, 'email', 'offers')).toBe('SUPPRESSED')
    expect(consentState(consents, 'sms', 'news')).toBe('PENDING')
    expect(consentState(consents, null, 'news')).toBe('PENDING')
    expect(consentState(consents, 'email', null)).toBe('SUPPRESSED')
    expect(consentState(consents, 'sms', 'offers')).toBe('WITHDRAWN')
    expect(consentState(consents, null, null)).toBe('WITHDRAWN')
  }
  expect(consentState([CHANNEL, BOTH], 'sms', 'news')).toBe('UNKNOWN')
})

test("of a merged contact's two the refusal stands, but only at the same level", () => {
  expect(consentState([{ ...ALL, state: 'GRANTED' }, ALL], 'email', null)).toBe('WITHDRAWN')
  expect(consentState([ALL, { ...CHANNEL, state: 'UNKNOWN' }], 'email', null)).toBe('UNKNOWN')
})
