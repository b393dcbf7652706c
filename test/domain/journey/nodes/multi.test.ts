import { describe, expect, test } from 'vitest'
import type { Facts } from '../../../../src/domain/facts.ts'
import type { Signal } from '../../../../src/domain/journey/enrollment.ts'
import { DAY, event, FACTS, HOUR, NOW } from '../arbitrary.ts'
import { journey, life, planned, problems } from '../play.ts'

const MESSAGES = [
  { channel: 'sms', templateId: 't-sms' },
  { channel: 'push', templateId: 't-push' },
  { channel: 'email', templateId: 't-email' },
]
const PORTS = ['next', 'delivered', 'opened', 'clicked', 'ignored', 'failed', 'suppressed']
const IGNORED = [{ on: 'IGNORED', after: 'P1D' }]

/** An alarm on three channels, each of whose ports leads to an exit with the port's name as its reason. */
function alarm(config: object = {}, rest: Parameters<typeof journey>[1] = {}) {
  const followed = JSON.stringify(config).toLowerCase()
  const ports = PORTS.filter((port) => ['next', 'failed', 'suppressed'].includes(port) || followed.includes(`"${port}"`))
  return journey(
    {
      alarm: ['multi', { messages: MESSAGES, ...config }, Object.fromEntries(ports.map((port) => [port, `by-${port}`]))],
      ...Object.fromEntries(ports.map((port) => [`by-${port}`, ['exit', { reason: port }] as const])),
    },
    rest,
  )
}

/** The life of somebody who is alarmed. `tell` is of the n-th of the messages. */
function alarmed(config: object = {}, facts: Partial<Facts> = {}, rest: Parameters<typeof journey>[1] = {}) {
  const of = life(alarm(config, rest), facts)
  const messages = planned(of.played)
  const tell = (n: number, signal: Signal, at = NOW, human = true) =>
    of.fold(at, { type: 'signal', messageId: messages[n]?.id ?? '', signal, human, at })
  return { ...of, messages, tell, left: () => of.state().endReason }
}

const reached = (...channels: string[]) => ({ identities: FACTS.identities.filter((each) => channels.includes(each.channel)) })
const outcome = ({ messages }: ReturnType<typeof alarmed>) =>
  messages.map(({ channel, verdict, dedupeKey }) => [channel, verdict.type === 'suppress' ? verdict.reason : verdict.type, dedupeKey])

describe('a node of several channels', () => {
  test('sends on all at once, a message each by its own template, and goes on with the first that is accepted', () => {
    const one = alarmed({ topicId: 'news', purpose: 'TRANSACTIONAL' })
    expect(one.messages.map(({ templateId, topicId, purpose, identityId }) => [templateId, topicId, purpose, identityId])).toEqual([
      ['t-sms', 'news', 'TRANSACTIONAL', 'i-sms'],
      ['t-push', 'news', 'TRANSACTIONAL', 'i-push'],
      ['t-email', 'news', 'TRANSACTIONAL', 'i-email'],
    ])
    expect(Object.entries(one.state().messages).map(([slot, { id }]) => [slot, id])).toEqual([
      ['alarm', one.messages[0]?.id],
      ['alarm#1', one.messages[1]?.id],
      ['alarm#2', one.messages[2]?.id],
    ])
    one.tell(0, 'FAILED')
    expect(one.left()).toBeNull()
    one.tell(2, 'SENT')
    expect(one.left()).toBe('next')
    // Not yet on their way, the others still go.
    expect(one.played.flatMap((each) => each.effects).filter((each) => each.type === 'withdraw')).toEqual([])
  })

  test('asks the gate for each: what one channel may not have, the others do', () => {
    const consents = [...FACTS.consents, { channel: 'sms' as const, topic: null, state: 'WITHDRAWN' as const }]
    const one = alarmed({ purpose: 'PROMOTIONAL' }, { ...reached('sms', 'email'), consents })
    expect(outcome(one).map(([channel, verdict]) => [channel, verdict])).toEqual([
      ['sms', 'consent_withdrawn'],
      ['push', 'unreachable'],
      ['email', 'send'],
    ])
    const said = one.played[0]?.trace.filter((each) => each.code === 'message_suppressed')
    expect(said?.map(({ node, data }) => [node, data?.channel, data?.reason])).toEqual([
      ['alarm', 'sms', 'consent_withdrawn'],
      ['alarm', 'push', 'unreachable'],
    ])
    one.tell(2, 'FAILED')
    expect(one.left()).toBe('failed')
  })

  test('leaves by `suppressed` where no channel lets it through, planned or at the last moment', () => {
    const none = alarmed({}, reached())
    expect([outcome(none).map(([, verdict]) => verdict), none.left()]).toEqual([['unreachable', 'unreachable', 'unreachable'], 'suppressed'])
    const held = alarmed({}, reached('sms', 'push'))
    held.tell(0, 'SUPPRESSED')
    expect(held.left()).toBeNull()
    held.tell(1, 'SUPPRESSED')
    expect(held.left()).toBe('suppressed')
    const mixed = alarmed({}, reached('sms', 'push'))
    mixed.tell(0, 'SUPPRESSED')
    mixed.tell(1, 'FAILED')
    expect(mixed.left()).toBe('failed')
  })

  test('is one for de-duplication: the first that passes carries the key, and the key known holds back all', () => {
    const dedupe = { key: 'key', window: 'PT1H' }
    expect(outcome(alarmed({ dedupe }))).toEqual([
      ['sms', 'send', 'k'],
      ['push', 'send', null],
      ['email', 'send', null],
    ])
    expect(outcome(alarmed({ dedupe }, reached('push', 'email')))).toEqual([
      ['sms', 'unreachable', 'k'],
      ['push', 'send', 'k'],
      ['email', 'send', null],
    ])
    const again = alarmed({ dedupe }, { dedupe: [{ key: 'k', at: NOW - HOUR + 1 }] })
    expect([outcome(again).map(([, verdict]) => verdict), again.left()]).toEqual([['duplicate', 'duplicate', 'duplicate'], 'suppressed'])
  })

  test('follows what gets furthest, on whichever channel', () => {
    const followUps = [{ on: 'DELIVERED', after: 'PT2H' }, { on: 'CLICKED' }, ...IGNORED]
    const one = alarmed({ followUps })
    one.tell(0, 'SENT', NOW + 1)
    one.tell(1, 'DELIVERED', NOW + 2)
    expect(one.state().dueAt).toBe(NOW + 2 + 2 * HOUR)
    one.tell(0, 'DELIVERED', NOW + HOUR)
    expect(one.state().dueAt).toBe(NOW + 2 + 2 * HOUR)
    // Calls the follow-up on delivery off, though it is another message that was opened.
    one.tell(2, 'OPENED', NOW + HOUR)
    expect(one.state().dueAt).toBe(NOW + 1 + DAY)
    one.tell(0, 'CLICKED', NOW + 3 * HOUR)
    expect(one.left()).toBe('clicked')
  })

  test('is ignored where nobody engaged with any of it, counted from the first acceptance', () => {
    const one = alarmed({ followUps: IGNORED })
    one.tell(1, 'SENT', NOW + 5)
    one.tell(0, 'SENT', NOW + HOUR)
    one.tell(0, 'OPENED', NOW + HOUR, false)
    expect(one.state().dueAt).toBe(NOW + 5 + DAY)
    one.timer(NOW + 5 + DAY)
    expect(one.left()).toBe('ignored')
    const engaged = alarmed({ followUps: IGNORED })
    engaged.tell(1, 'SENT', NOW)
    engaged.tell(2, 'OPENED', NOW + HOUR)
    engaged.timer(NOW + DAY)
    expect(engaged.left()).toBe('next')
  })

  test('waits a failure out once all have failed, and not once one is delivered after all', () => {
    const followUps = [{ on: 'FAILED', after: 'PT1H' }]
    const one = alarmed({ followUps }, reached('sms', 'push'))
    one.tell(0, 'FAILED', NOW)
    expect(one.state().dueAt).toBeNull()
    one.tell(1, 'FAILED', NOW + 9)
    expect(one.state().dueAt).toBe(NOW + 9 + HOUR)
    one.timer(NOW + 9 + HOUR)
    expect(one.left()).toBe('failed')
    const saved = alarmed({ followUps }, reached('sms', 'push'))
    saved.tell(0, 'FAILED', NOW)
    saved.tell(1, 'FAILED', NOW + 9)
    saved.tell(0, 'DELIVERED', NOW + 10)
    expect(saved.left()).toBe('next')
  })

  test('holds the token while all is put off, and takes back what has not left when somebody is taken out', () => {
    const one = alarmed({ followUps: IGNORED }, { paused: true }, { exitRules: [{ event: 'stop' }] })
    expect(outcome(one).map(([, verdict]) => verdict)).toEqual(['defer', 'defer', 'defer'])
    expect(one.state()).toMatchObject({ node: 'alarm', dueAt: null })
    expect(one.messages.map((each) => each.usefulFor)).toEqual([DAY, DAY, DAY])
    const out = one.hear(NOW + 5, event('s', 'stop', NOW + 5))
    expect(out.effects).toEqual([{ type: 'withdraw', reason: 'enrollment_ended' }])
  })

  test('goes to several devices where a channel has them', () => {
    const devices = ['phone', 'tablet'].map((id, index) => ({
      id,
      channel: 'push' as const,
      status: 'ACTIVE' as const,
      platform: id,
      lastSeenAt: -index,
    }))
    const messages = [{ channel: 'push', templateId: 't-push', devices: 'ALL' }, MESSAGES[0]]
    const one = alarmed({ messages, dedupe: { key: 'key', window: 'PT1H' } }, { identities: [...devices, ...reached('sms').identities] })
    expect(one.messages.map(({ channel, identityId, dedupeKey }) => [channel, identityId, dedupeKey])).toEqual([
      ['push', 'phone', 'k'],
      ['push', 'tablet', null],
      ['sms', 'i-sms', null],
    ])
    one.tell(0, 'FAILED')
    one.tell(2, 'FAILED')
    expect(one.left()).toBeNull()
    one.tell(1, 'FAILED')
    expect(one.left()).toBe('failed')
  })

  test('is one message to a condition on what became of it', () => {
    const graph = journey({
      alarm: ['multi', { messages: MESSAGES, nextAfter: 'PT1H' }, { next: 'ask', failed: 'ask' }],
      ask: [
        'branch',
        {
          branches: [
            { name: 'read', when: { engagement: { node: 'alarm', status: 'OPENED' } } },
            { name: 'lost', when: { engagement: { node: 'alarm', status: 'FAILED' } } },
          ],
        },
        { read: 'read', lost: 'lost' },
      ],
      read: ['exit', { reason: 'read' }],
      lost: ['exit', { reason: 'lost' }],
    })
    const one = life(graph)
    const ids = planned(one.played).map((each) => each.id)
    const tell = (n: number, signal: Signal) => one.fold(NOW, { type: 'signal', messageId: ids[n] ?? '', signal, human: true, at: NOW })
    tell(0, 'SENT')
    tell(1, 'OPENED')
    one.timer(NOW + HOUR)
    expect(one.state().endReason).toBe('read')
    // The SMS that could not leave at all does not make less of a failure of the push that did.
    const other = life(graph, reached('push'))
    other.fold(NOW, { type: 'signal', messageId: planned(other.played)[1]?.id ?? '', signal: 'FAILED', human: true, at: NOW })
    expect(other.state().endReason).toBe('lost')
  })

  test('remembers nothing of an earlier visit', () => {
    const graph = journey({
      again: ['repeat', { times: 2, every: 'P1D' }, { body: 'alarm' }],
      alarm: ['multi', { messages: MESSAGES.slice(0, 2) }, { next: 'again' }],
    })
    const one = life(graph)
    const first = planned(one.played).map((each) => each.id)
    one.signal(NOW, 'SENT')
    one.timer(NOW + DAY)
    const now = planned(one.played).slice(2)
    expect(Object.values(one.state().messages).map((each) => each.id)).toEqual(now.map((each) => each.id))
    expect(new Set([...first, ...now.map((each) => each.id)]).size).toBe(4)
    expect(one.fold(NOW + DAY, { type: 'signal', messageId: first[0] ?? '', signal: 'SENT', human: true, at: NOW }).trace).toEqual([])
  })

  test('is published with two channels or more, each once and with a template of its own', () => {
    expect(problems(alarm())).toEqual([])
    const [sms, push] = MESSAGES
    const refused = (messages: unknown) => problems(alarm({ messages }))
    expect(refused([sms])[0]).toEqual(['INVALID_CONFIG', 'alarm', 'messages'])
    expect(refused([sms, { ...push, templateId: 'none' }])).toEqual([['UNKNOWN_TEMPLATE', 'alarm', 'messages.1.templateId']])
    expect(refused([{ ...sms, templateId: 't-sms/refused' }, push])).toEqual([['TEMPLATE_REFUSED', 'alarm', 'messages.0.templateId']])
    expect(refused([sms, push, sms])).toEqual([['INVALID_CONFIG', 'alarm', 'messages.2.channel']])
    expect(refused([{ ...sms, devices: 'ALL' }, push])).toEqual([['INVALID_CONFIG', 'alarm', 'messages.0.devices']])
    expect(refused([{ ...sms, channel: 'fax' }, push])[0]).toEqual(['INVALID_CONFIG', 'alarm', 'messages.0.channel'])
    expect(problems(alarm({ followUps: [{ on: 'IGNORED' }], topicId: 'none' }))).toEqual([
      ['UNKNOWN_TOPIC', 'alarm', 'topicId'],
      ['INVALID_CONFIG', 'alarm', 'followUps.0.after'],
    ])
  })
})
