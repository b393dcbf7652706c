import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Signal } from '../../../../src/domain/journey/enrollment.ts'
import type { FollowUpStatus } from '../../../../src/domain/journey/nodes/message.ts'
import { DAY, event, HOUR, MINUTE, NOW } from '../arbitrary.ts'
import { journey, life, planned } from '../play.ts'
import { D2, type FollowUps, mail } from './mail.ts'

type Heard = readonly [at: number, signal: Signal, how?: { human?: boolean; at?: number }]

/** By which port the token left, and when, after `NOW`: every timer is folded when it is due, after what was heard at that instant. */
function left(graph: ReturnType<typeof journey>, heard: readonly Heard[]): [string, number] | null {
  const one = life(graph)
  const wake = (before: number) => {
    for (let due = one.state().dueAt; due !== null && due < before; due = one.state().dueAt) one.timer(due)
  }
  for (const [at, signal, how] of heard) {
    wake(NOW + at)
    one.signal(NOW + at, signal, how?.at === undefined ? { human: how?.human ?? true } : { human: how.human ?? true, at: NOW + how.at })
  }
  wake(Number.POSITIVE_INFINITY)
  const { endReason, endedAt } = one.state()
  return endReason === null || endedAt === null ? null : [endReason, endedAt - NOW]
}

describe('by `next`', () => {
  test.each<[Signal]>([['SENT'], ['UNKNOWN'], ['DELIVERED'], ['OPENED']])('leaves at the first sign of acceptance: %s', (signal) => {
    expect(left(mail([]), [[5, signal]])).toEqual(['next', 5])
  })

  test('does not leave for a machine that fetched the pixel, nor before anything is heard', () => {
    expect(left(mail([]), [[5, 'OPENED', { human: false }]])).toBeNull()
    expect(left(mail(D2), [])).toBeNull()
  })

  test('leaves by `nextAfter`, counted from acceptance, whatever comes meanwhile', () => {
    const heard: Heard[] = [
      [MINUTE, 'SENT'],
      [HOUR, 'DELIVERED'],
      [2 * HOUR, 'CLICKED'],
    ]
    expect(left(mail([], { nextAfter: 'PT3H' }), heard)).toEqual(['next', 3 * HOUR + MINUTE])
    expect(left(mail([['CLICKED', 'P1D']], { nextAfter: 'PT3H' }), heard)).toEqual(['next', 3 * HOUR + MINUTE])
    expect(left(mail([['CLICKED', 'PT30M']], { nextAfter: 'PT3H' }), heard)).toEqual(['clicked', 2.5 * HOUR])
  })
})

describe('follow-ups', () => {
  test.each<[string, FollowUps, Heard[], [string, number]]>([
    ['leave their time after the status was reached', D2, [[MINUTE, 'DELIVERED']], ['delivered', 2 * HOUR + MINUTE]],
    ['leave at once without a time', [['DELIVERED'], ['IGNORED', 'P1D']], [[MINUTE, 'DELIVERED']], ['delivered', MINUTE]],
    [
      'start anew at a higher status: it replaces the pending timer',
      [['SENT', 'PT1H'], ...D2],
      [
        [0, 'SENT'],
        [30 * MINUTE, 'DELIVERED'],
      ],
      ['delivered', 2.5 * HOUR],
    ],
    [
      'are called off by a higher status that is connected',
      [...D2, ['OPENED']],
      [
        [0, 'DELIVERED'],
        [HOUR, 'OPENED'],
      ],
      ['opened', HOUR],
    ],
    [
      'are called off by a higher status that is not connected',
      D2,
      [
        [0, 'SENT'],
        [MINUTE, 'DELIVERED'],
        [HOUR, 'OPENED'],
      ],
      ['next', DAY],
    ],
    [
      'are not called off by a machine',
      D2,
      [
        [0, 'DELIVERED'],
        [HOUR, 'OPENED', { human: false }],
        [HOUR, 'CLICKED', { human: false }],
      ],
      ['delivered', 2 * HOUR],
    ],
    [
      'are called off at the very instant they are due: what happened comes before the timer',
      D2,
      [
        [0, 'DELIVERED'],
        [2 * HOUR, 'REPLIED'],
      ],
      ['next', DAY],
    ],
    [
      'take no notice of a lower status that comes late',
      [...D2, ['OPENED', 'PT3H'], ['SENT']],
      [
        [0, 'OPENED'],
        [HOUR, 'DELIVERED'],
        [HOUR, 'SENT'],
      ],
      ['opened', 3 * HOUR],
    ],
    [
      'do not start again when a status comes twice',
      D2,
      [
        [0, 'DELIVERED'],
        [HOUR, 'DELIVERED'],
      ],
      ['delivered', 2 * HOUR],
    ],
    ['count from when the status was reached, not from when that was heard', D2, [[HOUR, 'DELIVERED', { at: 0 }]], ['delivered', 2 * HOUR]],
    ['leave at once when they are overdue as they are heard of', D2, [[3 * HOUR, 'DELIVERED', { at: 0 }]], ['delivered', 3 * HOUR]],
    ['count from now where a provider’s clock is ahead', D2, [[0, 'DELIVERED', { at: 5 * HOUR }]], ['delivered', 2 * HOUR]],
    [
      'give way to nothing that falls due at the same time',
      [
        ['DELIVERED', 'P1D'],
        ['IGNORED', 'P1D'],
      ],
      [[0, 'DELIVERED']],
      ['delivered', DAY],
    ],
  ])('%s', (_, followUps, heard, expected) => {
    expect(left(mail(followUps), heard)).toEqual(expected)
  })

  test('say when they are armed and called off', () => {
    const one = life(mail(D2))
    const messageId = planned(one.played)[0]?.id
    expect(one.signal(NOW + 5, 'SENT').trace).toEqual([
      { code: 'signal', node: 'mail', data: { signal: 'SENT' } },
      { code: 'waiting', node: 'mail', data: { until: NOW + 5 + DAY } },
    ])
    expect(one.signal(NOW + HOUR, 'DELIVERED').trace).toEqual([
      { code: 'signal', node: 'mail', data: { signal: 'DELIVERED' } },
      { code: 'follow_up_armed', node: 'mail', data: { on: 'DELIVERED', at: NOW + 3 * HOUR } },
      { code: 'waiting', node: 'mail', data: { until: NOW + 3 * HOUR } },
    ])
    expect(one.signal(NOW + 2 * HOUR, 'CLICKED').trace).toEqual([
      { code: 'signal', node: 'mail', data: { signal: 'CLICKED' } },
      { code: 'follow_up_called_off', node: 'mail', data: { on: 'DELIVERED', by: 'CLICKED' } },
      { code: 'waiting', node: 'mail', data: { until: NOW + 5 + DAY } },
    ])
    expect(one.state().messages).toEqual({ mail: { id: messageId, channel: 'email', rank: 4, failed: false, acceptedAt: NOW + 5 } })
  })
})

describe('`ignored`', () => {
  const I24: FollowUps = [['IGNORED', 'P1D']]
  test.each<[string, Heard[], [string, number]]>([
    ['counts its window from acceptance', [[HOUR, 'SENT']], ['ignored', HOUR + DAY]],
    [
      'counts it from the unknown hand-over, whenever the acceptance becomes known',
      [
        [HOUR, 'UNKNOWN'],
        [3 * HOUR, 'SENT'],
      ],
      ['ignored', HOUR + DAY],
    ],
    ['counts it from now where a provider’s clock is ahead', [[HOUR, 'SENT', { at: DAY }]], ['ignored', HOUR + DAY]],
    [
      'takes no delivery for an engagement',
      [
        [0, 'SENT'],
        [HOUR, 'DELIVERED'],
      ],
      ['ignored', DAY],
    ],
    [
      'takes no machine for a reader',
      [
        [0, 'SENT'],
        [HOUR, 'CLICKED', { human: false }],
      ],
      ['ignored', DAY],
    ],
    ...(['OPENED', 'CLICKED', 'REPLIED'] as const).map((signal): [string, Heard[], [string, number]] => [
      `leaves by next at the end of the window where somebody ${signal.toLowerCase()}`,
      [
        [0, 'SENT'],
        [DAY, signal],
      ],
      ['next', DAY],
    ]),
  ])('%s', (_, heard, expected) => {
    expect(left(mail(I24), heard)).toEqual(expected)
  })

  test('wins over `nextAfter` at the same instant, and gives way to it where somebody engaged', () => {
    const graph = mail(I24, { nextAfter: 'P1D' })
    expect(left(graph, [[0, 'SENT']])).toEqual(['ignored', DAY])
    expect(
      left(mail(I24, { nextAfter: 'P2D' }), [
        [0, 'SENT'],
        [HOUR, 'OPENED'],
      ]),
    ).toEqual(['next', 2 * DAY])
  })

  test.each([
    ['a goal within the window', HOUR, 'next'],
    ['a goal at the instant of acceptance', 10 * MINUTE, 'next'],
    ['a goal before the message was accepted', MINUTE, 'ignored'],
  ])('hears of %s', (_, at, port) => {
    const one = life(mail(I24, {}, { goals: [{ name: 'looked', event: 'view', window: 'P7D', onReached: 'RECORD' }] }))
    if (at < 10 * MINUTE) one.hear(NOW + at, event('v', 'view', NOW + at))
    one.signal(NOW + 10 * MINUTE, 'SENT')
    if (at >= 10 * MINUTE) one.hear(NOW + at, event('v', 'view', NOW + at))
    one.timer(NOW + 10 * MINUTE + DAY)
    expect(one.state().endReason).toBe(port)
  })
})

describe('`failed`', () => {
  test.each<[string, FollowUps, Heard[], [string, number]]>([
    ['leaves at once', D2, [[5, 'FAILED']], ['failed', 5]],
    [
      'leaves at once after acceptance too, and calls off what was pending',
      [['SENT', 'PT1H'], ...D2],
      [
        [0, 'SENT'],
        [5, 'FAILED'],
      ],
      ['failed', 5],
    ],
    ['leaves its time later where it has one', [...D2, ['FAILED', 'PT1H']], [[5, 'FAILED']], ['failed', 5 + HOUR]],
    ['counts from when it failed, not from when that was heard', [...D2, ['FAILED', 'PT1H']], [[30 * MINUTE, 'FAILED', { at: 0 }]], ['failed', HOUR]],
    ['counts from now where a provider’s clock is ahead', [...D2, ['FAILED', 'PT1H']], [[5, 'FAILED', { at: DAY }]], ['failed', 5 + HOUR]],
    [
      'stands above acceptance, whichever is heard first',
      [...D2, ['FAILED', 'PT1H']],
      [
        [5, 'FAILED'],
        [10, 'SENT'],
      ],
      ['failed', 5 + HOUR],
    ],
    [
      'waits its own time, not the window or `next`',
      [
        ['IGNORED', 'PT1H'],
        ['FAILED', 'PT3H'],
      ],
      [
        [0, 'SENT'],
        [5, 'FAILED'],
      ],
      ['failed', 3 * HOUR + 5],
    ],
    [
      'is nothing to a message that was delivered',
      D2,
      [
        [0, 'DELIVERED'],
        [5, 'FAILED'],
      ],
      ['delivered', 2 * HOUR],
    ],
    [
      'is called off by a delivery that is heard later, and the window goes on',
      [
        ['FAILED', 'PT1H'],
        ['IGNORED', 'P1D'],
      ],
      [
        [0, 'SENT'],
        [5, 'FAILED'],
        [10, 'DELIVERED'],
      ],
      ['ignored', DAY],
    ],
    [
      'is called off by a delivery before any acceptance was heard of',
      [...D2, ['FAILED', 'PT1H']],
      [
        [5, 'FAILED'],
        [10, 'DELIVERED'],
      ],
      ['delivered', 2 * HOUR + 10],
    ],
  ])('%s', (_, followUps, heard, expected) => {
    expect(left(mail(followUps), heard)).toEqual(expected)
  })

  test('and `suppressed` fall through to `next`, and where that leads nowhere end as undeliverable', () => {
    for (const signal of ['FAILED', 'SUPPRESSED'] as const) {
      const through = life(journey({ mail: ['email', { templateId: 't-email' }, { next: 'on' }], on: ['delay', { duration: 'P1D' }] }))
      expect(through.signal(NOW, signal).state.node).toBe('on')
      const nowhere = life(journey({ mail: ['email', { templateId: 't-email' }] }))
      expect(nowhere.signal(NOW, signal).state).toMatchObject({ status: 'EXITED', endReason: 'undeliverable' })
    }
  })
})

/**
 * The rule of the follow-ups, said another way: time falls into stretches by the highest status reached, and the token leaves
 * in the first stretch that lasts until one of its deadlines. At one instant what is heard comes first, then the follow-up, the
 * window, `next`.
 */
function oracle(followUps: ReadonlyMap<string, number>, nextAfter: number | null, heard: readonly { at: number; rank: number }[]) {
  const reached = heard.filter((each, index) => heard.slice(0, index).every((before) => before.rank < each.rank))
  const accepted = reached[0]?.at
  if (accepted === undefined) return null
  const window = followUps.get('IGNORED')
  for (const [index, { at, rank }] of reached.entries()) {
    const after = followUps.get(['SENT', 'DELIVERED', 'OPENED', 'CLICKED', 'REPLIED'][rank - 1] ?? '')
    const deadlines: [string, number][] = []
    if (after !== undefined) deadlines.push([['sent', 'delivered', 'opened', 'clicked', 'replied'][rank - 1] ?? '', at + after])
    if (window !== undefined && rank < 3) deadlines.push(['ignored', accepted + window])
    if (window !== undefined && rank >= 3 && after === undefined && nextAfter === null) deadlines.push(['next', accepted + window])
    if (nextAfter !== null) deadlines.push(['next', accepted + nextAfter])
    const first = deadlines.reduce((a, b) => (b[1] < a[1] ? b : a))
    const until = reached[index + 1]?.at ?? Number.POSITIVE_INFINITY
    if (first[1] < until || first[1] <= at) return [first[0], Math.max(at, first[1])]
  }
  return null
}

test('the token leaves when and where the rule says, whatever is heard in whatever order', () => {
  const RANKS = { SENT: 1, DELIVERED: 2, OPENED: 3, CLICKED: 4, REPLIED: 5 } as const
  const statuses = Object.keys(RANKS) as (keyof typeof RANKS)[]
  const hours = fc.integer({ min: 0, max: 6 })
  const follows = fc.dictionary(fc.constantFrom(...statuses), hours)
  const heard = fc.array(fc.record({ at: fc.integer({ min: 0, max: 12 }), signal: fc.constantFrom(...statuses), human: fc.boolean() }), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(follows, fc.integer({ min: 1, max: 8 }), fc.option(fc.integer({ min: 1, max: 8 })), heard, (given, window, nextAfter, happened) => {
      const followUps: FollowUps = [
        ...Object.entries(given).map(([on, after]) => [on as FollowUpStatus, `PT${after}H`] as const),
        ['IGNORED', `PT${window}H`],
      ]
      const inOrder = [...happened].sort((a, b) => a.at - b.at)
      const expected = oracle(
        new Map([...Object.entries(given), ['IGNORED', window]].map(([on, after]) => [String(on), Number(after) * HOUR])),
        nextAfter === null ? null : nextAfter * HOUR,
        inOrder.filter((each) => each.human || RANKS[each.signal] < 3).map((each) => ({ at: each.at * HOUR, rank: RANKS[each.signal] })),
      )
      const graph = mail(followUps, nextAfter === null ? {} : { nextAfter: `PT${nextAfter}H` })
      expect(
        left(
          graph,
          inOrder.map(({ at, signal, human }) => [at * HOUR, signal, { human }]),
        ),
      ).toEqual(expected)
    }),
    { numRuns: 1500 },
  )
})
