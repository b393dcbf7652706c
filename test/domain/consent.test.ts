import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHANNELS, CONSENT_STATES, type ConsentState, PURPOSES } from '../../src/domain/channel.ts'
import { consentAllows } from '../../src/domain/consent.ts'
import type { ConsentFact } from '../../src/domain/facts.ts'

const NEWS = 'topic-news'
const message = fc.record({
  channel: fc.constantFrom(...CHANNELS),
  topicId: fc.constantFrom(null, NEWS, 'topic-sale'),
  purpose: fc.constantFrom(...PURPOSES),
})
const entry = fc.record({
  channel: fc.constantFrom(null, ...CHANNELS),
  topic: fc.constantFrom(null, NEWS, 'topic-sale'),
  state: fc.constantFrom(...CONSENT_STATES),
})
const entries = fc.array(entry, { maxLength: 6 })

describe('the table of ADR 8', () => {
  const answers = (channel: 'email' | 'push', states: readonly ConsentState[]) =>
    PURPOSES.map((purpose) => {
      const answer = consentAllows(
        states.map((state) => ({ channel, topic: null, state })),
        { channel, topicId: null, purpose },
      )
      return answer.allowed ? 'yes' : answer.reason
    })

  // PURPOSES: transactional, service, promotional.
  test.each([
    [[], ['yes', 'yes', 'no_consent']],
    [['UNKNOWN'], ['yes', 'yes', 'no_consent']],
    [['PENDING'], ['yes', 'yes', 'no_consent']],
    [['GRANTED'], ['yes', 'yes', 'yes']],
    [['WITHDRAWN'], ['yes', 'consent_withdrawn', 'consent_withdrawn']],
    [['SUPPRESSED'], ['suppressed', 'suppressed', 'suppressed']],
    // The halves of a merged contact: the one's grant never overrules the other's refusal.
    [
      ['GRANTED', 'WITHDRAWN'],
      ['yes', 'consent_withdrawn', 'consent_withdrawn'],
    ],
  ] as [ConsentState[], string[]][])('email: %j', (states, expected) => {
    expect(answers('email', states)).toEqual(expected)
  })

  test('a push token is a grant, and a withdrawal stands against it', () => {
    expect(answers('push', [])).toEqual(['yes', 'yes', 'yes'])
    expect(answers('push', ['PENDING'])).toEqual(['yes', 'yes', 'yes'])
    expect(answers('push', ['WITHDRAWN'])).toEqual(['yes', 'consent_withdrawn', 'consent_withdrawn'])
    expect(answers('push', ['SUPPRESSED'])).toEqual(['suppressed', 'suppressed', 'suppressed'])
  })
})

test('an entry covers its own channel and topic and everything below; granting below undoes no withdrawal above', () => {
  const promotion = { channel: 'email', topicId: NEWS, purpose: 'PROMOTIONAL' } as const
  const allows = (...consents: ConsentFact[]) => consentAllows(consents, promotion)
  const granted = { channel: 'email', topic: NEWS, state: 'GRANTED' } as const
  for (const [channel, topic] of [
    [null, null],
    ['email', null],
    [null, NEWS],
    ['email', NEWS],
  ] as const) {
    expect(allows({ channel, topic, state: 'GRANTED' })).toEqual({ allowed: true })
    expect(allows(granted, { channel, topic, state: 'WITHDRAWN' })).toEqual({ allowed: false, reason: 'consent_withdrawn' })
    expect(allows(granted, { channel, topic, state: 'SUPPRESSED' })).toEqual({ allowed: false, reason: 'suppressed' })
  }
  expect(allows({ channel: 'sms', topic: null, state: 'GRANTED' })).toEqual({ allowed: false, reason: 'no_consent' })
  expect(allows({ channel: 'email', topic: 'topic-sale', state: 'GRANTED' })).toEqual({ allowed: false, reason: 'no_consent' })
  expect(allows(granted, { channel: 'sms', topic: null, state: 'SUPPRESSED' }, { channel: null, topic: 'topic-sale', state: 'WITHDRAWN' })).toEqual({
    allowed: true,
  })
})

test('a consent for one topic says nothing of a message without one', () => {
  const letter = { channel: 'email', topicId: null, purpose: 'PROMOTIONAL' } as const
  expect(consentAllows([{ channel: 'email', topic: NEWS, state: 'GRANTED' }], letter)).toEqual({ allowed: false, reason: 'no_consent' })
  expect(consentAllows([{ channel: 'email', topic: NEWS, state: 'WITHDRAWN' }], { ...letter, purpose: 'SERVICE' })).toEqual({ allowed: true })
})

describe('laws', () => {
  test('the order and the repetition of entries do not matter', () => {
    fc.assert(
      fc.property(message, entries, fc.infiniteStream(fc.nat(100)), (sent, consents, order) => {
        const shuffled = [...consents, ...consents].map((each) => ({ each, at: order.next().value })).sort((a, b) => a.at - b.at)
        expect(
          consentAllows(
            shuffled.map(({ each }) => each),
            sent,
          ),
        ).toEqual(consentAllows(consents, sent))
      }),
    )
  })

  test('one more refusal never lets anything through, and one more grant never stops anything', () => {
    fc.assert(
      fc.property(message, entries, entry, (sent, consents, more) => {
        const before = consentAllows(consents, sent).allowed
        const after = consentAllows([...consents, more], sent).allowed
        if (more.state === 'GRANTED') expect(after || !before).toBe(true)
        else if (more.state === 'WITHDRAWN' || more.state === 'SUPPRESSED') expect(before || !after).toBe(true)
        else expect(after).toBe(before)
      }),
    )
  })

  test('what a promotion may, a service message may, and a transactional one too', () => {
    fc.assert(
      fc.property(message, entries, (sent, consents) => {
        const [transactional, service, promotional] = PURPOSES.map((purpose) => consentAllows(consents, { ...sent, purpose }).allowed)
        expect([!promotional || service, !service || transactional]).toEqual([true, true])
      }),
    )
  })
})
