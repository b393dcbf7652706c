import { describe, expect, test } from 'vitest'
import { DAY, event, FACTS, HOUR, MINUTE, NOW } from '../arbitrary.ts'
import { journey, life, type Played, problems } from '../play.ts'

/** Rounds of a body that takes no time at all: each sets the variable `ran`. */
const quick = (config: unknown, key = 'again') =>
  journey({
    [key]: ['repeat', config, { body: 'mark', done: 'end' }],
    mark: ['update', { variables: [{ name: 'ran', value: true }] }, { next: key }],
    end: ['exit', {}],
  })
const rounds = (played: readonly Played[]) => played.flatMap(({ trace, now }) => trace.filter((each) => each.port === 'body').map(() => now - NOW))

describe('repeat', () => {
  test('runs its body at once and then every so often, as many times as it was told', () => {
    const one = life(quick({ every: 'PT1H', times: 3 }))
    expect(one.state().dueAt).toBe(NOW + HOUR)
    one.timer(NOW + HOUR)
    one.timer(NOW + 2 * HOUR)
    expect(rounds(one.played)).toEqual([0, HOUR, 2 * HOUR])
    expect(one.state()).toMatchObject({ status: 'EXITED', endReason: 'exit_node', memory: {} })
  })

  test('keeps its rhythm though the body takes its time, and starts at once where that took too long', () => {
    const body = (hours: number) =>
      life(
        journey({
          again: ['repeat', { every: 'PT3H', times: 3 }, { body: 'pause' }],
          pause: ['delay', { duration: `PT${hours}H` }, { next: 'again' }],
        }),
      )
    const short = body(1)
    for (const hour of [1, 3, 4, 6, 7]) short.timer(NOW + hour * HOUR)
    expect(rounds(short.played)).toEqual([0, 3 * HOUR, 6 * HOUR])
    expect(short.state().status).toBe('COMPLETED')

    const long = body(4)
    for (const hour of [4, 8, 12]) long.timer(NOW + hour * HOUR)
    expect(rounds(long.played)).toEqual([0, 4 * HOUR, 8 * HOUR])
    expect(long.state().status).toBe('COMPLETED')
  })

  test('makes up for no time lost: woken late it runs one round, and the next at its own time', () => {
    const one = life(quick({ every: 'PT1M', times: 5 }))
    one.timer(NOW + 90 * MINUTE + 1)
    expect(rounds(one.played)).toEqual([0, 90 * MINUTE + 1])
    expect(one.state()).toMatchObject({ status: 'ACTIVE', node: 'again', dueAt: NOW + 91 * MINUTE })
    for (const minute of [91, 92, 93]) one.timer(NOW + minute * MINUTE)
    expect(rounds(one.played)).toHaveLength(5)
    expect(one.state().status).toBe('EXITED')

    const onTheBeat = life(quick({ every: 'PT1M', times: 5 }))
    onTheBeat.timer(NOW + 2 * MINUTE)
    expect([rounds(onTheBeat.played), onTheBeat.state().dueAt]).toEqual([[0, 2 * MINUTE], NOW + 3 * MINUTE])
  })

  test('makes up for no time lost with a body that takes its time, either', () => {
    const one = life(
      journey({
        again: ['repeat', { every: 'PT1H', times: 9 }, { body: 'pause' }],
        pause: ['delay', { duration: 'PT1M' }, { next: 'again' }],
      }),
    )
    one.timer(NOW + MINUTE)
    for (const minute of [330, 331]) one.timer(NOW + minute * MINUTE)
    expect([rounds(one.played), one.state()]).toMatchObject([[0, 330 * MINUTE], { node: 'again', dueAt: NOW + 6 * HOUR }])
    for (const minute of [360, 361, 420]) one.timer(NOW + minute * MINUTE)
    expect(rounds(one.played)).toEqual([0, 330 * MINUTE, 360 * MINUTE, 420 * MINUTE])
  })

  test('finds its next beat however late it is woken', () => {
    for (const [every, late, next] of [
      ['P1M', 365 * DAY, Date.UTC(2026, 6, 15, 12)],
      ['P1D', 300 * DAY, Date.UTC(2026, 3, 12, 12)],
      ['PT7S', 365 * DAY, NOW + (Math.floor((365 * DAY) / 7000) + 1) * 7000],
    ] as const) {
      const one = life(quick({ every, times: 3 }), { contact: { ...FACTS.contact, timeZone: 'UTC' } })
      one.timer(NOW + late)
      expect([rounds(one.played), one.state().dueAt]).toEqual([[0, late], next])
    }
  })

  test('counts days by the calendar of the contact: the clocks going forward move nothing', () => {
    const one = life(
      journey({
        until: ['delay', { until: { date: '2026-03-28', time: '09:00' } }, { next: 'again' }],
        again: ['repeat', { every: 'P1D', times: 2 }, { body: 'mark', done: 'end' }],
        mark: ['update', { addTags: ['x'] }, { next: 'again' }],
        end: ['exit', {}],
      }),
    )
    const nine = Date.UTC(2026, 2, 28, 8)
    one.timer(nine)
    expect(one.state().dueAt).toBe(nine + DAY - HOUR)
  })

  test('stops at a date of the contact’s zone, on arrival too', () => {
    const one = life(quick({ every: 'PT5H', until: { date: '2025-06-16' } }))
    one.timer(NOW + 5 * HOUR)
    // Midnight in Zurich.
    one.timer(NOW + 10 * HOUR)
    expect(rounds(one.played)).toEqual([0, 5 * HOUR])
    expect(one.state().status).toBe('EXITED')
    expect(rounds(life(quick({ every: 'PT6H', until: { date: '2025-06-15' } })).played)).toEqual([])
  })

  test('stops when its condition holds as it is woken', () => {
    const one = life(quick({ every: 'PT1H', until: { condition: { event: { name: 'paid' } } } }))
    one.know({ history: [event('p', 'paid', NOW + 1)] })
    one.timer(NOW + HOUR)
    expect(rounds(one.played)).toEqual([0])
    expect(one.state().status).toBe('EXITED')
  })

  test('starts anew when it is entered anew', () => {
    const one = life(
      journey({
        outer: ['repeat', { every: 'P1D', times: 2 }, { body: 'inner' }],
        inner: ['repeat', { every: 'PT1H', times: 2 }, { body: 'mark', done: 'outer' }],
        mark: ['update', { addTags: ['x'] }, { next: 'inner' }],
      }),
    )
    for (const at of [HOUR, DAY, DAY + HOUR]) one.timer(NOW + at)
    const inner = one.played.flatMap(({ trace, now }) => trace.filter((each) => each.node === 'inner' && each.port === 'body').map(() => now - NOW))
    expect(inner).toEqual([0, HOUR, DAY, DAY + HOUR])
    expect(one.state()).toMatchObject({ status: 'COMPLETED', memory: {} })
  })

  test('keeps its count under its own key, whatever the key is', () => {
    const one = life(quick({ every: 'PT1H', times: 1 }, 'constructor'))
    expect(rounds(one.played)).toEqual([0])
    expect(one.state().status).toBe('EXITED')
  })

  test('may not be published without an end, without a body, or until a date that is none', () => {
    const found = (config: unknown, ports = { body: 'mark' }) =>
      problems(journey({ again: ['repeat', config, ports], mark: ['update', { addTags: ['x'] }, { next: 'again' }] }))
    expect(found({ every: 'P1D', times: 1 })).toEqual([])
    expect(found({ every: 'P1D', until: { condition: { tag: 'x' } } })).toEqual([])
    expect(found({ every: 'P1D' })).toEqual([['INVALID_CONFIG', 'again', 'times']])
    expect(found({ every: 'P1D', until: {} })).toEqual([['INVALID_CONFIG', 'again', 'times']])
    expect(found({ every: 'PT0S', times: 0 }).map(([, , path]) => path)).toEqual(['every', 'times'])
    for (const date of ['soon', '1 June 2026', '2026-02-30'])
      expect(found({ every: 'P1D', until: { date } })).toEqual([['INVALID_CONFIG', 'again', 'until.date']])
    expect(problems(journey({ again: ['repeat', { every: 'P1D', times: 2 }, { done: 'end' }], end: ['exit', {}] }))).toEqual([
      ['UNCONNECTED', 'again', 'ports.body'],
    ])
    expect(
      problems(
        journey({
          again: ['repeat', { every: 'P1D', until: { condition: { engagement: { node: 'again', status: 'OPENED' } } } }, { body: 'end' }],
          end: ['exit', {}],
        }),
      ),
    ).toEqual([['UNKNOWN_NODE', 'again', 'until.condition']])
  })
})
