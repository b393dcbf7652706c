import { describe, expect, test } from 'vitest'
import type { IdentityFact } from '../../../../src/domain/facts.ts'
import type { Signal } from '../../../../src/domain/journey/enrollment.ts'
import { HOUR, NOW } from '../arbitrary.ts'
import { journey, life, planned, problems } from '../play.ts'

const device = (id: string, platform: string, lastSeenAt: number): IdentityFact => ({ id, channel: 'push', status: 'ACTIVE', platform, lastSeenAt })
const DEVICES = [device('phone', 'android', 3), device('old', 'android', 1), device('tablet', 'ios', 2)]

const PORTS = ['next', 'delivered', 'opened', 'ignored', 'failed', 'suppressed']
function push(config: object) {
  const followed = JSON.stringify(config).toLowerCase()
  const ports = PORTS.filter((port) => ['next', 'failed', 'suppressed'].includes(port) || followed.includes(`"${port}"`))
  return journey({
    push: ['push', { templateId: 't-push', ...config }, Object.fromEntries(ports.map((port) => [port, `by-${port}`]))],
    ...Object.fromEntries(ports.map((port) => [`by-${port}`, ['exit', { reason: port }] as const])),
  })
}

/** The life of an enrollment whose push goes to some of three devices. `tell` is of the n-th of its messages. */
function sent(config: object, identities: readonly IdentityFact[] = DEVICES) {
  const of = life(push(config), { identities })
  const messages = planned(of.played)
  const tell = (n: number, signal: Signal, at = NOW) => of.fold(at, { type: 'signal', messageId: messages[n]?.id ?? '', signal, human: true, at })
  const left = () => of.state().endReason
  return { ...of, messages, tell, left }
}

describe('a push to several devices', () => {
  test.each([
    [undefined, ['phone']],
    ['MOST_RECENT', ['phone']],
    ['PER_PLATFORM', ['phone', 'tablet']],
    ['ALL', ['phone', 'tablet', 'old']],
  ])('goes by the policy %s to %j, a message each', (devices, expected) => {
    const { messages, state } = sent(devices === undefined ? {} : { devices })
    expect(messages.map((each) => each.identityId)).toEqual(expected)
    expect(new Set(messages.map((each) => each.id)).size).toBe(expected.length)
    expect(Object.keys(state().messages)).toEqual(expected.map((_, n) => (n === 0 ? 'push' : `push#${n}`)))
    expect(Object.values(state().messages).map((each) => each.id)).toEqual(messages.map((each) => each.id))
  })

  test('is asked about once: its key is the first message’s, and what holds one back holds back all', () => {
    const dedupe = { key: 'key', window: 'PT1H' }
    expect(sent({ devices: 'ALL', dedupe }).messages.map((each) => each.dedupeKey)).toEqual(['k', null, null])
    const again = life(push({ devices: 'ALL', dedupe }), { identities: DEVICES, dedupe: [{ key: 'k', at: NOW - HOUR + 1 }] })
    expect(planned(again.played).map((each) => each.verdict)).toEqual([{ type: 'suppress', reason: 'duplicate' }])
    expect(again.state().endReason).toBe('suppressed')
    const paused = life(push({ devices: 'ALL' }), { identities: DEVICES, paused: true })
    expect(planned(paused.played).map((each) => each.verdict.type)).toEqual(['defer', 'defer', 'defer'])
  })

  test('leaves by `next` as soon as one is accepted', () => {
    const { tell, left } = sent({ devices: 'ALL' })
    tell(1, 'SENT')
    expect(left()).toBe('next')
  })

  test('has failed once all have, and not before', () => {
    const { tell, left } = sent({ devices: 'ALL' })
    tell(2, 'FAILED')
    tell(0, 'FAILED')
    expect(left()).toBeNull()
    tell(1, 'FAILED')
    expect(left()).toBe('failed')
  })

  test('is suppressed once all are held back; beside one that failed it has failed', () => {
    const held = sent({ devices: 'ALL' })
    held.tell(0, 'SUPPRESSED')
    held.tell(1, 'SUPPRESSED')
    expect(held.left()).toBeNull()
    held.tell(2, 'SUPPRESSED')
    expect(held.left()).toBe('suppressed')
    const mixed = sent({ devices: 'PER_PLATFORM' })
    mixed.tell(1, 'FAILED')
    mixed.tell(0, 'SUPPRESSED')
    expect(mixed.left()).toBe('failed')
    const other = sent({ devices: 'PER_PLATFORM' })
    other.tell(0, 'SUPPRESSED')
    other.tell(1, 'SENT')
    expect(other.left()).toBe('next')
  })

  test('goes by the furthest of them: an open on one device calls off what delivery on another began', () => {
    const followUps = [
      { on: 'DELIVERED', after: 'PT1H' },
      { on: 'IGNORED', after: 'PT2H' },
    ]
    const opened = sent({ devices: 'PER_PLATFORM', followUps })
    opened.tell(0, 'DELIVERED', NOW + 1)
    opened.tell(1, 'DELIVERED', NOW + 2)
    expect(opened.state().dueAt).toBe(NOW + 1 + HOUR)
    opened.tell(1, 'OPENED', NOW + 3)
    expect(opened.state().dueAt).toBe(NOW + 1 + 2 * HOUR)
    opened.tell(0, 'FAILED', NOW + 4)
    opened.timer(NOW + 1 + 2 * HOUR)
    // Engaged, and so not ignoring.
    expect(opened.left()).toBe('next')
    const ignored = sent({ devices: 'PER_PLATFORM', followUps: [{ on: 'IGNORED', after: 'PT2H' }] })
    ignored.tell(1, 'SENT', NOW + 5)
    ignored.tell(0, 'SENT', NOW + 9)
    ignored.timer(NOW + 5 + 2 * HOUR)
    expect(ignored.left()).toBe('ignored')
  })

  test('remembers no device of an earlier visit', () => {
    const graph = journey({
      again: ['repeat', { times: 2, every: 'P1D' }, { body: 'push', done: 'bye' }],
      push: ['push', { templateId: 't-push', devices: 'ALL' }, { next: 'again' }],
      bye: ['exit', { reason: 'done' }],
    })
    const { state, signal, timer, know, played } = life(graph, { identities: DEVICES })
    know({ identities: DEVICES.slice(0, 1) })
    signal(NOW, 'SENT')
    timer(state().dueAt ?? 0)
    expect(planned(played)).toHaveLength(4)
    expect(Object.keys(state().messages)).toEqual(['push'])
    expect(state().messages.push?.id).toBe(planned(played)[3]?.id)
  })

  test('is a setting of push and web push alone', () => {
    const of = (kind: string, config: object) => problems(journey({ it: [kind, { templateId: `t-${kind}`, ...config }] }))
    expect(of('push', { devices: 'ALL' })).toEqual([])
    expect(of('push', { devices: 'SOME' })).toEqual([['INVALID_CONFIG', 'it', 'devices']])
    expect(of('email', { devices: 'ALL' })).toEqual([['INVALID_CONFIG', 'it', 'devices']])
  })
})
