import { describe, expect, test } from 'vitest'
import { DAY, event, HOUR, MINUTE, NOW } from '../arbitrary.ts'
import { journey, life, problems } from '../play.ts'

const PAID = { name: 'paid', event: 'payment', matchKey: 'key', where: [{ path: 'amount', op: 'GTE', value: 10 }] }
/** A pause of an hour, then the wait: for a payment of this key, for any `left`, or for a day. */
const waiting = (config: object = {}) =>
  journey({
    pause: ['delay', { duration: 'PT1H' }, { next: 'heard' }],
    heard: [
      'wait',
      { events: [PAID, { name: 'gone', event: 'left' }], timeout: 'P1D', ...config },
      { paid: 'by-paid', gone: 'by-gone', timeout: 'by-timeout' },
    ],
    'by-paid': ['exit', { reason: 'paid' }],
    'by-gone': ['exit', { reason: 'gone' }],
    'by-timeout': ['exit', { reason: 'timeout' }],
  })
const payment = (at: number, properties: object = {}) => event(`p${at}`, 'payment', at, { key: 'k', amount: 10, ...properties })
/** Who has come to the wait, an hour after entry. */
const arrived = (config: object = {}) => {
  const one = life(waiting(config))
  one.timer(NOW + HOUR)
  expect(one.state()).toMatchObject({ node: 'heard', dueAt: NOW + HOUR + DAY })
  return one
}

describe('a wait', () => {
  test('leaves by the port of the event that happens', () => {
    expect(arrived().hear(NOW + 2 * HOUR, payment(NOW + 2 * HOUR)).state).toMatchObject({ endReason: 'paid', endedAt: NOW + 2 * HOUR })
    expect(arrived().hear(NOW + 2 * HOUR, event('l', 'left', NOW)).state.endReason).toBe('gone')
  })

  test.each([
    ['another event', event('x', 'other', NOW)],
    ['the event of another key', payment(NOW, { key: 'other' })],
    ['the event without a key', event('x', 'payment', NOW, { amount: 10 })],
    ['the event outside its filter', payment(NOW, { amount: 9 })],
  ])('takes no notice of %s', (_, heard) => {
    const one = arrived()
    const before = one.state()
    const { state, effects, trace } = one.hear(NOW + 2 * HOUR, heard)
    expect({ state, effects, trace }).toEqual({ state: { ...before, seq: before.seq + 1 }, effects: [], trace: [] })
  })

  test('leaves by `timeout` at its limit, a day being 24 hours', () => {
    const one = arrived()
    expect(one.timer(NOW + HOUR + DAY - 1).state.node).toBe('heard')
    expect(one.timer(NOW + HOUR + DAY).state.endReason).toBe('timeout')
  })

  test('leaves by one port when the event and the limit come together, by that which is folded first', () => {
    const at = NOW + HOUR + DAY
    const heard = arrived()
    heard.hear(at, payment(at))
    heard.timer(at)
    expect(heard.state().endReason).toBe('paid')
    const late = arrived()
    late.timer(at)
    late.hear(at, payment(at))
    expect(late.state().endReason).toBe('timeout')
  })

  test.each<[string, number, object, string | null]>([
    ['counts an event that came since entry', NOW + MINUTE, {}, 'paid'],
    ['counts one of the instant of the trigger', NOW - 1000, {}, 'paid'],
    ['counts none from before that', NOW - 1001, {}, null],
    ['counts none from before it began, when told so', NOW + MINUTE, { sinceEntry: false }, null],
  ])('%s', (_, occurredAt, config, reason) => {
    const one = life(waiting(config))
    one.know({ history: [payment(occurredAt)] })
    expect(one.timer(NOW + HOUR).state.endReason).toBe(reason)
  })

  test.each([{}, { sinceEntry: false }])('is not ended by news of what happened before the entry: %j', (config) => {
    const one = arrived(config)
    expect(one.hear(NOW + 2 * HOUR, { ...payment(NOW - 1001), receivedAt: NOW + 2 * HOUR }).state.node).toBe('heard')
    expect(one.hear(NOW + 2 * HOUR, payment(NOW - 1000)).state.endReason).toBe('paid')
  })

  test('does not count the event that made the entry', () => {
    const graph = journey({
      heard: ['wait', { events: [{ name: 'again', event: 'go' }], timeout: 'P1D' }, { again: 'end' }],
      end: ['exit', {}],
    })
    const trigger = event('trigger', 'go', NOW - 1000, { key: 'k' })
    expect(life(graph, { history: [trigger] }).state().node).toBe('heard')
    expect(life(graph, { history: [trigger, { ...trigger, id: 'second' }] }).state().endReason).toBe('exit_node')
  })

  test('leaves by what came first of several, not by what stands first in its settings', () => {
    const one = life(waiting())
    one.know({ history: [event('l', 'left', NOW + 1), payment(NOW + 2)] })
    expect(one.timer(NOW + HOUR).state.endReason).toBe('gone')
  })
})

test('may not be published with two ports of a name', () => {
  const found = (names: string[], timeout = 'P1D') =>
    problems(journey({ heard: ['wait', { events: names.map((name) => ({ name, event: 'x' })), timeout }] })).map(([code, , path]) => [code, path])
  expect(found(['a', 'b'])).toEqual([])
  expect(found(['a', 'a', 'timeout'])).toEqual([
    ['INVALID_CONFIG', 'events.1.name'],
    ['INVALID_CONFIG', 'events.2.name'],
  ])
  expect(found(['A'])).toEqual([['INVALID_CONFIG', 'events.0.name']])
  expect(found([])).toEqual([['INVALID_CONFIG', 'events']])
  expect(found(['a'], 'PT0S')).toEqual([['INVALID_CONFIG', 'timeout']])
})
