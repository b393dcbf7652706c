import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Facts, IdentityFact } from '../../src/domain/facts.ts'
import { chooseIdentities, chooseIdentity, gate, type Intent, MOST_DEVICES } from '../../src/domain/gate.ts'

const NOW = 1_750_000_000_000
const HOUR = 3_600_000

const identity = (id: string, over: Partial<IdentityFact> = {}): IdentityFact => ({
  id,
  channel: 'email',
  status: 'ACTIVE',
  platform: null,
  lastSeenAt: NOW,
  ...over,
})

const facts = (over: Partial<Facts> = {}, contact: Partial<Facts['contact']> = {}): Facts => ({
  contact: {
    id: 'c',
    externalId: null,
    attributes: {},
    tags: [],
    locale: null,
    timeZone: 'UTC',
    createdAt: 0,
    suppressed: false,
    erased: false,
    ...contact,
  },
  identities: [identity('mail')],
  consents: [{ channel: 'email', topic: null, state: 'GRANTED' }],
  history: [],
  dedupe: [],
  paused: false,
  ...over,
})

const promotion: Intent = { channel: 'email', topicId: null, purpose: 'PROMOTIONAL', dedupeKey: 'cart-1', dedupeWindow: HOUR }

test('asks in the order of engine.md: each question hides what comes after it', () => {
  let now = facts(
    {
      identities: [],
      consents: [{ channel: 'email', topic: null, state: 'SUPPRESSED' }],
      dedupe: [{ key: 'cart-1', at: NOW }],
      paused: true,
    },
    { erased: true, suppressed: true },
  )
  const answers: unknown[] = []
  const fixes: ((before: Facts) => Facts)[] = [
    (f) => f,
    (f) => ({ ...f, contact: { ...f.contact, erased: false } }),
    (f) => ({ ...f, contact: { ...f.contact, suppressed: false } }),
    (f) => ({ ...f, identities: [identity('mail', { status: 'BOUNCED' })] }),
    (f) => ({ ...f, identities: [identity('mail')] }),
    (f) => ({ ...f, consents: [{ channel: 'email', topic: null, state: 'WITHDRAWN' }] }),
    (f) => ({ ...f, consents: [] }),
    (f) => ({ ...f, consents: [{ channel: 'email', topic: null, state: 'GRANTED' }] }),
    (f) => ({ ...f, dedupe: [] }),
    (f) => ({ ...f, paused: false }),
  ]
  for (const fix of fixes) {
    now = fix(now)
    answers.push(gate(now, promotion, NOW))
  }
  const suppress = (reason: string) => ({ verdict: { type: 'suppress', reason }, identityId: null })
  expect(answers).toEqual([
    suppress('erased'),
    suppress('suppressed'),
    suppress('unreachable'),
    suppress('identity_inactive'),
    suppress('suppressed'),
    suppress('consent_withdrawn'),
    suppress('no_consent'),
    suppress('duplicate'),
    { verdict: { type: 'defer', until: null, reason: 'journey_paused' }, identityId: 'mail' },
    { verdict: { type: 'send' }, identityId: 'mail' },
  ])
})

test('the app’s own surface needs no address, and all else is asked of it the same', () => {
  const card: Intent = { ...promotion, channel: 'in_app' }
  const own = (over: Partial<Facts> = {}, contact: Partial<Facts['contact']> = {}) =>
    gate(facts({ identities: [], consents: [], ...over }, contact), card, NOW)
  expect(own()).toEqual({ verdict: { type: 'send' }, identityId: null })
  expect(own({ paused: true })).toEqual({ verdict: { type: 'defer', until: null, reason: 'journey_paused' }, identityId: null })
  expect(own({}, { erased: true }).verdict).toEqual({ type: 'suppress', reason: 'erased' })
  expect(own({ consents: [{ channel: 'in_app', topic: null, state: 'WITHDRAWN' }] }).verdict).toEqual({
    type: 'suppress',
    reason: 'consent_withdrawn',
  })
  expect(own({ dedupe: [{ key: 'cart-1', at: NOW }] }).verdict).toEqual({ type: 'suppress', reason: 'duplicate' })
})

test('a transactional message needs no consent and obeys suppression', () => {
  const code: Intent = { ...promotion, purpose: 'TRANSACTIONAL', dedupeKey: null }
  expect(gate(facts({ consents: [{ channel: null, topic: null, state: 'WITHDRAWN' }] }), code, NOW).verdict).toEqual({ type: 'send' })
  expect(gate(facts({}, { suppressed: true }), code, NOW).verdict).toEqual({ type: 'suppress', reason: 'suppressed' })
})

describe('de-duplication', () => {
  const verdict = (intent: Intent, dedupe: Facts['dedupe']) => gate(facts({ dedupe }), intent, NOW).verdict.type

  test('the window is open at its far end: as long ago as it is wide is no duplicate', () => {
    expect(verdict(promotion, [{ key: 'cart-1', at: NOW - HOUR + 1 }])).toBe('suppress')
    expect(verdict(promotion, [{ key: 'cart-1', at: NOW - HOUR }])).toBe('send')
  })

  test('looks at every message with the key, and at no other', () => {
    const old = { key: 'cart-1', at: NOW - 2 * HOUR }
    expect(verdict(promotion, [old, { key: 'cart-1', at: NOW }, old])).toBe('suppress')
    expect(verdict(promotion, [{ key: 'cart-2', at: NOW }])).toBe('send')
    expect(verdict({ ...promotion, dedupeKey: null }, [{ key: 'cart-1', at: NOW }])).toBe('send')
    expect(verdict({ ...promotion, dedupeKey: '' }, [{ key: '', at: NOW }])).toBe('suppress')
  })
})

describe('chooseIdentity', () => {
  test('the active one of the channel seen last, then the smaller id', () => {
    const identities = [
      identity('b', { lastSeenAt: 5 }),
      identity('a', { lastSeenAt: 5 }),
      identity('old', { lastSeenAt: 4 }),
      identity('gone', { lastSeenAt: 9, status: 'UNREGISTERED' }),
      identity('phone', { lastSeenAt: 9, channel: 'sms' }),
    ]
    expect(chooseIdentity(facts({ identities }), 'email')).toMatchObject({ id: 'a' })
    expect(chooseIdentity(facts({ identities }), 'sms')).toMatchObject({ id: 'phone' })
    expect(chooseIdentity(facts({ identities }), 'push')).toBe('none')
  })

  test.each(['BOUNCED', 'INVALID', 'UNREGISTERED'] as const)('%s alone is inactive', (status) => {
    expect(chooseIdentity(facts({ identities: [identity('a', { status })] }), 'email')).toBe('inactive')
  })

  test('does not depend on the order of the rows', () => {
    const some = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        channel: fc.constantFrom('email' as const, 'sms' as const),
        status: fc.constantFrom('ACTIVE' as const, 'BOUNCED' as const),
        lastSeenAt: fc.nat(3),
      }),
      { selector: (each) => each.id },
    )
    fc.assert(
      fc.property(some, (found) => {
        const identities = found.map(({ id, ...over }) => identity(id, over))
        const chosen = chooseIdentity(facts({ identities }), 'email')
        expect(chooseIdentity(facts({ identities: identities.toReversed() }), 'email')).toEqual(chosen)
        const usable = identities.filter(({ channel, status }) => channel === 'email' && status === 'ACTIVE')
        if (usable.length === 0) expect(typeof chosen).toBe('string')
        else expect(usable).toContainEqual(chosen)
      }),
    )
  })
})

describe('chooseIdentities', () => {
  const device = (id: string, platform: string | null, lastSeenAt: number, over: Partial<IdentityFact> = {}) =>
    identity(id, { channel: 'push', platform, lastSeenAt, ...over })
  const identities = [
    device('old phone', 'android', 1),
    device('tablet', 'ios', 5),
    device('phone', 'android', 7),
    device('sold', 'ios', 9, { status: 'UNREGISTERED' }),
    device('unnamed', null, 3),
    identity('mail', { lastSeenAt: 9 }),
  ]
  const of = (policy: 'MOST_RECENT' | 'PER_PLATFORM' | 'ALL', known = identities) =>
    chooseIdentities(facts({ identities: known }), 'push', policy).map(({ id }) => id)

  test('the one seen last, the one seen last of each platform, or all, latest first', () => {
    expect(of('MOST_RECENT')).toEqual(['phone'])
    expect(of('PER_PLATFORM')).toEqual(['phone', 'tablet', 'unnamed'])
    expect(of('ALL')).toEqual(['phone', 'tablet', 'unnamed', 'old phone'])
    for (const policy of ['MOST_RECENT', 'PER_PLATFORM', 'ALL'] as const) {
      expect(of(policy, identities.toReversed())).toEqual(of(policy))
      expect(of(policy, [device('sold', 'ios', 9, { status: 'INVALID' })])).toEqual([])
      expect(chooseIdentities(facts({ identities }), 'in_app', policy)).toEqual([{ id: null }])
    }
  })

  test('the first is the gate’s own choice, and no more than a person may have are written to', () => {
    const many = Array.from({ length: 50 }, (_, n) => device(`d${n}`, String(n % 30), n % 7))
    for (const policy of ['PER_PLATFORM', 'ALL'] as const) {
      expect(of(policy, many)).toHaveLength(MOST_DEVICES)
      expect(of(policy, many)[0]).toBe((chooseIdentity(facts({ identities: many }), 'push') as { id: string }).id)
    }
  })
})
