import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageMemo, Signal } from '../../../../src/domain/journey/enrollment.ts'
import { mergeSignal } from '../../../../src/domain/journey/nodes/message.ts'
import { DAY, FACTS, HOUR, NOW } from '../arbitrary.ts'
import { journey, life, planned, problems } from '../play.ts'
import { D2, mail } from './mail.ts'

describe('what is planned', () => {
  const one = (config: object, facts: Parameters<typeof life>[1] = {}, properties = { key: 'k' }) =>
    life(mail([], config, { settings: { purpose: 'PROMOTIONAL' } }), facts, properties)

  test('is one message, its id made of the enrollment, the node and the visit', () => {
    const { played, state } = one({ topicId: 'news', dedupe: { key: 'event.cart.id', window: 'P1D' } }, {}, { key: 'k', cart: { id: 7 } } as never)
    const id = planned(played)[0]?.id
    expect(id).toMatch(/^01977375-f600-8007-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(played[0]?.effects).toEqual([
      {
        type: 'message',
        message: {
          id,
          node: 'mail',
          visit: 1,
          channel: 'email',
          templateId: 't-email',
          topicId: 'news',
          purpose: 'PROMOTIONAL',
          identityId: 'i-email',
          dedupeKey: '7',
          verdict: { type: 'send' },
        },
      },
    ])
    expect(played[0]?.trace.slice(-1)).toEqual([{ code: 'message_planned', node: 'mail', data: { channel: 'email', messageId: id } }])
    expect(state().messages).toEqual({ mail: { id, channel: 'email', rank: 0, failed: false, acceptedAt: null } })
    expect(state()).toMatchObject({ node: 'mail', dueAt: null })
  })

  test('has the purpose of its node before that of the journey, and no topic or key where none is named or found', () => {
    expect(planned(one({ purpose: 'TRANSACTIONAL' }).played)[0]).toMatchObject({ purpose: 'TRANSACTIONAL', topicId: null, dedupeKey: null })
    for (const path of ['event.cart', 'event.none', 'event.nothing']) {
      const properties = { key: 'k', cart: {}, nothing: null } as never
      expect(planned(one({ dedupe: { key: path, window: 'P1D' } }, {}, properties).played)[0]?.dedupeKey).toBeNull()
    }
  })

  test.each<[object, number | undefined]>([
    [{}, undefined],
    [{ followUps: [{ on: 'FAILED', after: 'PT1H' }] }, undefined],
    [{ nextAfter: 'PT2H' }, 2 * HOUR],
    [
      {
        followUps: [
          { on: 'OPENED', after: 'PT1M' },
          { on: 'IGNORED', after: 'PT1H' },
        ],
      },
      HOUR,
    ],
    [{ followUps: [{ on: 'IGNORED', after: 'P1D' }], nextAfter: 'PT2H' }, 2 * HOUR],
    [{ followUps: [{ on: 'IGNORED', after: 'PT1H' }], nextAfter: 'PT2H' }, HOUR],
  ])('is of use for as long as its node may wait for it: %j', (config, millis) => {
    expect(planned(one(config).played)[0]?.usefulFor).toBe(millis)
  })

  test.each<[string, Parameters<typeof life>[1], object, string]>([
    ['no address', { identities: [] }, {}, 'unreachable'],
    ['no consent', { consents: [] }, {}, 'no_consent'],
    [
      'a message of the same key within the window',
      { dedupe: [{ key: 'k', at: NOW - HOUR + 1 }] },
      { dedupe: { key: 'key', window: 'PT1H' } },
      'duplicate',
    ],
  ])('is suppressed for %s, and the token leaves by `suppressed`', (_, facts, config, reason) => {
    const { played, state } = one(config, facts)
    const message = planned(played)[0]
    expect(message).toMatchObject({ identityId: null, verdict: { type: 'suppress', reason } })
    expect(played[0]?.trace).toContainEqual({ code: 'message_suppressed', node: 'mail', data: { reason, channel: 'email', messageId: message?.id } })
    expect(state().endReason).toBe('suppressed')
  })

  test('goes again once the window is over', () => {
    const known = { dedupe: [{ key: 'k', at: NOW - HOUR }] }
    expect(planned(one({ dedupe: { key: 'key', window: 'PT1H' } }, known).played)[0]?.verdict).toEqual({ type: 'send' })
  })

  test('is held while the journey is paused, and the token with it', () => {
    const { played, state } = one({}, { paused: true })
    const data = { reason: 'journey_paused', channel: 'email', messageId: planned(played)[0]?.id, until: null }
    expect(played[0]?.trace.at(-1)).toEqual({ code: 'message_deferred', node: 'mail', data })
    expect(state()).toMatchObject({ node: 'mail', dueAt: null })
  })

  test('is not a duplicate of a message that was not sent: who has no email still gets the SMS', () => {
    const dedupe = { key: 'key', window: 'P1D' }
    const both = (facts: Parameters<typeof life>[1]) =>
      planned(
        life(
          journey({ mail: ['email', { templateId: 't-email', dedupe }, { suppressed: 'text' }], text: ['sms', { templateId: 't-sms', dedupe }] }),
          facts,
        ).played,
      ).map((each) => each.verdict)
    expect(both({ identities: FACTS.identities.slice(1) })).toEqual([{ type: 'suppress', reason: 'unreachable' }, { type: 'send' }])
  })
})

describe('what is heard', () => {
  test('after the token has left changes the message and not the path', () => {
    const one = life(
      journey({ mail: ['email', { templateId: 't-email' }, { next: 'rest' }], rest: ['delay', { duration: 'P1D' }, { next: 'mail' }] }),
    )
    one.signal(NOW, 'SENT')
    const before = one.state()
    const { state, trace, effects } = one.signal(NOW + HOUR, 'OPENED')
    expect(trace).toEqual([{ code: 'signal', node: 'mail', data: { signal: 'OPENED' } }])
    expect(effects).toEqual([])
    expect(state).toEqual({ ...before, seq: before.seq + 1, messages: { mail: { ...before.messages.mail, rank: 3 } } })
  })

  test('of the visit before does not move the visit that rests', () => {
    const one = life(mail([['OPENED'], ['IGNORED', 'P1D']]))
    const again = life(
      journey({
        mail: [
          'email',
          { templateId: 't-email', followUps: [{ on: 'OPENED' }, { on: 'IGNORED', after: 'P1D' }] },
          { opened: 'end', ignored: 'mail' },
        ],
        end: ['exit', {}],
      }),
    )
    again.signal(NOW, 'SENT')
    const first = planned(again.played)[0]?.id ?? ''
    again.timer(NOW + DAY)
    expect(again.state()).toMatchObject({ node: 'mail', visit: 2 })
    const late = again.fold(NOW + DAY, { type: 'signal', messageId: first, signal: 'OPENED', human: true, at: NOW + DAY })
    expect(late).toMatchObject({ trace: [], effects: [], state: { node: 'mail', visit: 2 } })
    expect(one.fold(NOW, { type: 'signal', messageId: 'nobody', signal: 'OPENED', human: true, at: NOW }).trace).toEqual([])
  })

  test('while the journey is paused arms and calls off, and nobody leaves by a time before it is resumed', () => {
    const one = life(mail([...D2, ['CLICKED']]))
    one.signal(NOW, 'DELIVERED')
    one.know({ paused: true })
    one.signal(NOW + 3 * HOUR, 'OPENED')
    expect(one.state()).toMatchObject({ node: 'mail', dueAt: NOW + DAY })
    one.signal(NOW + 2 * DAY, 'CLICKED', { at: NOW + DAY })
    expect(one.state()).toMatchObject({ node: 'mail', dueAt: NOW + DAY })
    one.timer(NOW + 2 * DAY)
    expect(one.state().node).toBe('mail')
    one.know({ paused: false })
    one.timer(NOW + 3 * DAY)
    expect(one.state()).toMatchObject({ endReason: 'clicked', endedAt: NOW + 3 * DAY })
  })
})

test('statuses merge to the same message in any order and any number', () => {
  const signal = fc.record({
    signal: fc.constantFrom<Signal>('SENT', 'UNKNOWN', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED', 'FAILED'),
    human: fc.boolean(),
  })
  const merged = (signals: readonly { signal: Signal; human: boolean }[]) => {
    const memo: MessageMemo = { id: 'm', channel: 'email', rank: 0, failed: false, acceptedAt: null }
    for (const each of signals) {
      const before = { ...memo }
      const changed = mergeSignal(memo, { type: 'signal', messageId: 'm', at: NOW, ...each })
      expect(changed).toBe(JSON.stringify(memo) !== JSON.stringify(before))
      expect(memo.rank).toBeGreaterThanOrEqual(before.rank)
    }
    return memo
  }
  fc.assert(
    fc.property(
      fc
        .array(signal, { maxLength: 6 })
        .chain((signals) => fc.tuple(fc.constant(signals), fc.shuffledSubarray([...signals, ...signals], { minLength: signals.length * 2 }))),
      ([signals, shuffled]) => {
        expect(merged(shuffled)).toEqual(merged(signals))
      },
    ),
  )
})

describe('before it is published', () => {
  const found = (config: object, ports: Record<string, string> = {}) =>
    problems(journey({ mail: ['email', { templateId: 't-email', ...config }, ports], end: ['exit', {}] })).filter(([code]) => code !== 'UNREACHABLE')

  test.each<[string, object, Record<string, string>, unknown[]]>([
    ['nothing is needed but a template', {}, {}, []],
    ['the template must be there', { templateId: 'none' }, {}, [['UNKNOWN_TEMPLATE', 'mail', 'templateId']]],
    ['the template must be for the channel', { templateId: 't-sms' }, {}, [['UNKNOWN_TEMPLATE', 'mail', 'templateId']]],
    ['the topic must be there', { topicId: 'olds' }, {}, [['UNKNOWN_TOPIC', 'mail', 'topicId']]],
    ['nobody may be stranded by a follow-up', { followUps: [{ on: 'OPENED' }] }, { opened: 'end' }, [['STRANDED', 'mail', 'followUps']]],
    ['`ignored` takes everybody out', { followUps: [{ on: 'OPENED' }, { on: 'IGNORED', after: 'P1D' }] }, { opened: 'end', ignored: 'end' }, []],
    ['so does `nextAfter`', { followUps: [{ on: 'OPENED' }], nextAfter: 'P1D' }, { opened: 'end' }, []],
    ['`failed` alone holds nobody', { followUps: [{ on: 'FAILED', after: 'PT1H' }] }, {}, []],
    ['`ignored` needs its window', { followUps: [{ on: 'IGNORED' }] }, { ignored: 'end' }, [['INVALID_CONFIG', 'mail', 'followUps.0.after']]],
    ['a follow-up must lead somewhere', { followUps: [{ on: 'IGNORED', after: 'P1D' }] }, {}, [['UNCONNECTED', 'mail', 'followUps.0']]],
    [
      'a status is followed once',
      {
        followUps: [
          { on: 'IGNORED', after: 'P1D' },
          { on: 'IGNORED', after: 'P2D' },
        ],
      },
      { ignored: 'end' },
      [['INVALID_CONFIG', 'mail', 'followUps.1.on']],
    ],
    ['a port is there only if it is followed', {}, { opened: 'end' }, [['UNKNOWN_PORT', 'mail', 'edges.1.port']]],
  ])('%s', (_, config, ports, expected) => {
    expect(found(config, ports)).toEqual(expected)
  })
})
