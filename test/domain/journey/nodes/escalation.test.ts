import { describe, expect, test } from 'vitest'
import { DAY, event, FACTS, HOUR, NOW } from '../arbitrary.ts'
import { journey, life, planned, problems } from '../play.ts'

const RUNGS = [
  { channel: 'push', templateId: 't-push', wait: 'PT1H' },
  { channel: 'email', templateId: 't-email', wait: 'P1D' },
  { channel: 'sms', templateId: 't-sms', wait: 'P1D' },
]
const PORTS = ['engaged', 'exhausted', 'suppressed']

const ladder = (config: object = {}, rest: Parameters<typeof journey>[1] = {}) =>
  journey(
    {
      climb: ['escalation', { rungs: RUNGS, purpose: 'TRANSACTIONAL', ...config }, Object.fromEntries(PORTS.map((port) => [port, `by-${port}`]))],
      ...Object.fromEntries(PORTS.map((port) => [`by-${port}`, ['exit', { reason: port }] as const])),
    },
    rest,
  )
const only = (...channels: string[]) => ({ identities: FACTS.identities.filter((each) => channels.includes(each.channel)) })
const channels = (one: ReturnType<typeof life>) =>
  planned(one.played)
    .filter((message) => message.verdict.type === 'send')
    .map((message) => message.channel)
const idOf = (one: ReturnType<typeof life>, index: number) => planned(one.played)[index]?.id ?? 'none'

describe('an escalation', () => {
  test('sends the next rung when the wait since acceptance is over, and is exhausted after the last', () => {
    const one = life(ladder())
    expect([channels(one), one.state().dueAt]).toEqual([['push'], null])
    one.signal(NOW + 5, 'SENT')
    expect(one.state().dueAt).toBe(NOW + 5 + HOUR)
    one.timer(NOW + 5 + HOUR)
    expect([channels(one), one.state().dueAt]).toEqual([['push', 'email'], null])
    one.signal(NOW + 2 * HOUR, 'SENT')
    one.signal(NOW + 3 * HOUR, 'DELIVERED')
    expect(one.state().dueAt).toBe(NOW + 2 * HOUR + DAY)
    one.timer(NOW + 2 * HOUR + DAY)
    one.signal(NOW + 3 * DAY, 'SENT')
    one.timer(NOW + 4 * DAY)
    expect(channels(one)).toEqual(['push', 'email', 'sms'])
    expect(one.state()).toMatchObject({ status: 'EXITED', endReason: 'exhausted' })
    expect(new Set(planned(one.played).map((message) => message.id)).size).toBe(3)
  })

  test('is ended by engagement with any rung, an earlier one too, and calls off what has not left', () => {
    const one = life(ladder())
    one.signal(NOW, 'SENT')
    one.timer(NOW + HOUR)
    const late = one.fold(NOW + HOUR + 5, { type: 'signal', messageId: idOf(one, 0), signal: 'OPENED', human: true, at: NOW + HOUR + 5 })
    expect(late.effects).toEqual([{ type: 'withdraw', reason: 'engaged', node: 'climb' }])
    expect(one.state()).toMatchObject({ status: 'EXITED', endReason: 'engaged' })
  })

  test('told late of an acceptance, it asks for its timer and not yet for the next rung: the open may be heard with it', () => {
    const one = life(ladder())
    one.signal(NOW + 2 * HOUR, 'SENT', { at: NOW })
    expect([channels(one), one.state().dueAt]).toEqual([['push'], NOW + HOUR])
    one.signal(NOW + 2 * HOUR, 'OPENED')
    expect([channels(one), one.state().endReason]).toEqual([['push'], 'engaged'])
  })

  test('takes a machine for nobody, and less than what was asked for as no engagement', () => {
    const one = life(ladder({ engagedBy: 'CLICKED' }))
    one.signal(NOW, 'SENT')
    one.signal(NOW + 1, 'CLICKED', { human: false })
    one.signal(NOW + 2, 'OPENED')
    expect(one.state()).toMatchObject({ status: 'ACTIVE', dueAt: NOW + HOUR })
    one.signal(NOW + 3, 'REPLIED')
    expect(one.state()).toMatchObject({ endReason: 'engaged' })
  })

  test('goes to the next rung at once where one fails or is held back', () => {
    const one = life(ladder())
    one.signal(NOW + 1, 'FAILED')
    expect(channels(one)).toEqual(['push', 'email'])
    one.signal(NOW + 2, 'SUPPRESSED')
    expect(channels(one)).toEqual(['push', 'email', 'sms'])
    one.signal(NOW + 3, 'FAILED')
    expect(one.state()).toMatchObject({ endReason: 'exhausted' })
  })

  test('leaves out channels the person cannot be reached on; reached on none, they leave by `suppressed`', () => {
    const one = life(ladder(), only('email'))
    expect(channels(one)).toEqual(['email'])
    one.signal(NOW, 'SENT')
    one.timer(NOW + DAY)
    expect(one.state()).toMatchObject({ endReason: 'exhausted' })
    expect(life(ladder(), only()).state()).toMatchObject({ endReason: 'suppressed' })
    const held = life(ladder(), only('push'))
    held.signal(NOW, 'SUPPRESSED')
    expect(held.state()).toMatchObject({ endReason: 'suppressed' })
  })

  test('a goal reached meanwhile is engagement', () => {
    const goals = [{ name: 'bought', event: 'order', window: 'P7D', onReached: 'RECORD' as const }]
    const one = life(ladder({}, { goals }))
    one.signal(NOW, 'SENT')
    one.hear(NOW + 60_000, event('o', 'order', NOW + 60_000, { key: 'k' }))
    // A rung that got lost may be waiting to be sent again.
    expect(one.timer(NOW + HOUR).effects).toEqual([{ type: 'withdraw', reason: 'engaged', node: 'climb' }])
    expect([channels(one), one.state().endReason]).toEqual([['push'], 'engaged'])
  })

  test('hears nothing of an earlier visit’s messages', () => {
    const again = journey({
      climb: ['escalation', { rungs: RUNGS.slice(0, 1), purpose: 'TRANSACTIONAL' }, { exhausted: 'pause', engaged: 'done' }],
      pause: ['delay', { duration: 'PT1H' }, { next: 'climb' }],
      done: ['exit', { reason: 'engaged' }],
    })
    const one = life(again)
    one.signal(NOW, 'SENT')
    one.timer(NOW + HOUR)
    one.timer(NOW + 2 * HOUR)
    one.fold(NOW + 2 * HOUR, { type: 'signal', messageId: idOf(one, 0), signal: 'OPENED', human: true, at: NOW })
    expect([channels(one), one.state().status]).toEqual([['push', 'push'], 'ACTIVE'])
  })

  test('forgets the rungs of an earlier visit, and hears nothing more of them', () => {
    const one = life(
      journey({
        again: ['repeat', { every: 'P7D', times: 2 }, { body: 'climb' }],
        climb: ['escalation', { rungs: RUNGS, purpose: 'TRANSACTIONAL' }, { engaged: 'again', exhausted: 'again' }],
      }),
    )
    one.signal(NOW, 'SENT')
    one.timer(NOW + HOUR)
    expect(Object.keys(one.state().messages)).toEqual(['climb', 'climb#1'])
    one.signal(NOW + HOUR, 'OPENED')
    const week = NOW + 7 * DAY
    one.timer(week)
    expect(one.state().messages).toEqual({ climb: { id: idOf(one, 2), channel: 'push', rank: 0, failed: false, acceptedAt: null } })
    const late = one.fold(week, { type: 'signal', messageId: idOf(one, 1), signal: 'CLICKED', human: true, at: week })
    expect([late.trace, late.state.status]).toEqual([[], 'ACTIVE'])
  })

  test('is refused where a rung’s template is of another channel or unknown, or there is no rung', () => {
    expect(problems(ladder())).toEqual([])
    const wrong = [
      { ...RUNGS[0], templateId: 't-sms' },
      { ...RUNGS[1], templateId: 'none' },
    ]
    expect(problems(ladder({ rungs: wrong }))).toEqual([
      ['UNKNOWN_TEMPLATE', 'climb', 'rungs.0.templateId'],
      ['UNKNOWN_TEMPLATE', 'climb', 'rungs.1.templateId'],
    ])
    expect(problems(ladder({ rungs: [] }))[0]).toEqual(['INVALID_CONFIG', 'climb', 'rungs'])
  })
})
