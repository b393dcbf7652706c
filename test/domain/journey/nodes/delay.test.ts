import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/domain/json.ts'
import { DAY, FACTS, HOUR, MINUTE, NOW } from '../arbitrary.ts'
import { journey, life, problems } from '../play.ts'

const paused = (config: unknown) => journey({ pause: ['delay', config, { next: 'end' }], end: ['exit', {}] })
const contact = (attributes: JsonObject, timeZone = 'Europe/Zurich') => ({ contact: { ...FACTS.contact, attributes, timeZone } })
/** When the token will leave; null where it has left at once. */
const until = (config: unknown, attributes: JsonObject = {}, timeZone?: string) => life(paused(config), contact(attributes, timeZone)).state().dueAt
/** An instant on the wall of Zurich in summer, two hours ahead of UTC. */
const zurich = (month: number, day: number, hour = 0, minute = 0) => Date.UTC(2025, month - 1, day, hour - 2, minute)

describe('a delay by duration', () => {
  test.each<[string, unknown, number]>([
    ['counts from when the token came', { duration: 'PT90M' }, NOW + 90 * MINUTE],
    ['counts days by the calendar', { duration: 'P1M2DT1H' }, zurich(7, 17, 15)],
    ['counts from the entry', { duration: 'PT1H', anchor: 'ENTRY' }, NOW + HOUR],
    ['counts from when the trigger’s event occurred', { duration: 'PT1H', anchor: 'EVENT_TIME' }, NOW - 1000 + HOUR],
    ['counts from a date of the contact', { duration: 'P5D', anchor: 'ATTRIBUTE', attribute: 'trial.ends' }, zurich(6, 22)],
  ])('%s', (_, config, expected) => {
    expect(until(config, { trial: { ends: '2025-06-17' } })).toBe(expected)
  })

  test('counts from the entry or the event, however long the token was on its way', () => {
    for (const [anchor, expected] of [
      ['PREVIOUS_STEP', NOW + 3 * HOUR],
      ['ENTRY', NOW + 2 * HOUR],
      ['EVENT_TIME', NOW - 1000 + 2 * HOUR],
    ] as const) {
      const graph = journey({
        first: ['delay', { duration: 'PT1H' }, { next: 'second' }],
        second: ['delay', { duration: 'PT2H', anchor }, { next: 'end' }],
        end: ['exit', {}],
      })
      const one = life(graph)
      expect(one.timer(NOW + HOUR).state).toMatchObject({ node: 'second', since: NOW + HOUR, dueAt: expected })
    }
  })

  test('is over at once where its time has passed', () => {
    const { state, trace } = life(paused({ duration: 'P1D', anchor: 'ATTRIBUTE', attribute: 'day' }), contact({ day: '2025-06-14' })).played[0] ?? {}
    expect(state?.status).toBe('EXITED')
    expect(trace?.filter((each) => each.code === 'waiting')).toEqual([])
  })

  test.each([{}, { day: 'soon' }, { day: 20250614 }, { day: '2025-02-30' }])(
    'is over at once where the contact has no such date: %j',
    (attributes) => {
      const { state, trace } = life(paused({ duration: 'P1D', anchor: 'ATTRIBUTE', attribute: 'day' }), contact(attributes)).played[0] ?? {}
      expect(state?.status).toBe('EXITED')
      expect(trace).toContainEqual({ code: 'waiting', node: 'pause', data: { missing: 'day' } })
    },
  )
})

describe('a delay until', () => {
  // Sunday, 15 June 2025, 14:00 in Zurich.
  test.each<[string, unknown, number | null]>([
    ['a time to come today', { time: '14:01' }, zurich(6, 15, 14, 1)],
    ['a time that is now: tomorrow', { time: '14:00' }, zurich(6, 16, 14)],
    ['a time on a weekday', { time: '09:30', weekdays: [2, 5] }, zurich(6, 17, 9, 30)],
    ['a time on this weekday, still to come', { time: '18:00', weekdays: [7] }, zurich(6, 15, 18)],
    ['a time on this weekday, gone by: a week later', { time: '09:00', weekdays: [7] }, zurich(6, 22, 9)],
    ['a weekday, from midnight', { weekdays: [1] }, zurich(6, 16)],
    ['a date', { date: '2025-06-20' }, zurich(6, 20)],
    ['a date and time', { date: '2025-06-20', time: '08:15' }, zurich(6, 20, 8, 15)],
    ['today, earlier than now', { date: '2025-06-15', time: '13:59' }, null],
    ['a date of the contact', { attribute: 'birthday' }, zurich(6, 18)],
    ['a time of that day', { attribute: 'birthday', time: '10:00' }, zurich(6, 18, 10)],
    ['two days before it', { attribute: 'birthday', offset: 'P2D', direction: 'BEFORE' }, zurich(6, 16)],
    ['an hour after it', { attribute: 'birthday', offset: 'PT1H', direction: 'AFTER' }, zurich(6, 18, 1)],
    ['the same, being the rule', { attribute: 'birthday', offset: 'PT1H' }, zurich(6, 18, 1)],
    ['before it, gone by', { attribute: 'birthday', offset: 'P4D', direction: 'BEFORE' }, null],
    ['an instant of the contact', { attribute: 'flight' }, Date.UTC(2025, 5, 16, 22, 30)],
    ['a time on the day that instant falls on, here', { attribute: 'flight', time: '06:00' }, zurich(6, 17, 6)],
  ])('%s', (_, config, expected) => {
    expect(until({ until: config }, { birthday: '2025-06-18', flight: '2025-06-16T22:30:00Z' })).toBe(expected)
  })

  test('asks the clock on the contact’s wall', () => {
    expect(until({ until: { time: '09:00' } }, {}, 'America/New_York')).toBe(Date.UTC(2025, 5, 15, 13))
    expect(until({ until: { time: '09:00' } }, {}, 'Asia/Tokyo')).toBe(Date.UTC(2025, 5, 16))
  })

  test('keeps the rule and not the instant: a moved date or zone moves the wait', () => {
    const one = life(paused({ until: { attribute: 'birthday' } }), contact({ birthday: '2025-06-18' }))
    one.know(contact({ birthday: '2025-06-25' }))
    expect(one.timer(zurich(6, 18))).toMatchObject({
      state: { node: 'pause', dueAt: zurich(6, 25) },
      trace: [{ code: 'waiting', node: 'pause', data: { until: zurich(6, 25) } }],
    })
    one.know(contact({ birthday: '2025-06-25' }, 'America/New_York'))
    expect(one.timer(zurich(6, 25)).state.dueAt).toBe(Date.UTC(2025, 5, 25, 4))
    expect(one.timer(Date.UTC(2025, 5, 25, 4)).state.status).toBe('EXITED')
  })

  test('a time of day is that of the day it was set on: woken late, it is over', () => {
    const one = life(paused({ until: { time: '18:00' } }))
    expect(one.timer(zurich(6, 15, 18) + 3 * DAY).state.status).toBe('EXITED')
  })
})

test('may not be published without something to wait for, or with two things', () => {
  const found = (config: unknown) => problems(paused(config)).map(([code, , path]) => [code, path])
  const invalid = (path: string) => [['INVALID_CONFIG', path]]
  expect(found({ duration: 'P1D' })).toEqual([])
  expect(found({})).toEqual(invalid('duration'))
  expect(found({ duration: 'P1D', until: { time: '09:00' } })).toEqual(invalid('duration'))
  expect(found({ duration: 'P1D', anchor: 'ATTRIBUTE' })).toEqual(invalid('attribute'))
  expect(found({ until: {} })).toEqual(invalid('until'))
  expect(found({ until: { date: '2025-06-20', weekdays: [1] } })).toEqual(invalid('until'))
  expect(found({ until: { date: '2025-02-30' } })).toEqual(invalid('until.date'))
  expect(found({ until: { time: '24:00', weekdays: [8] } })).toEqual([...invalid('until.time'), ...invalid('until.weekdays.0')])
  expect(found({ duration: 'PT0S' })).toEqual(invalid('duration'))
  expect(problems(journey({ pause: ['delay', { duration: 'P1D' }] }))).toEqual([['UNCONNECTED', 'pause', 'ports.next']])
})
