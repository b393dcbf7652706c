import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDuration, atDate, instantOf, isTimeZone, nextTimeOfDay, nextWeekday, offsetAt, wallClockAt } from '../../src/domain/zone.ts'

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/Santiago',
  'Africa/Casablanca',
  'Asia/Gaza',
  'Africa/Monrovia',
]
const zone = fc.constantFrom(...ZONES)
const instant = fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2037, 0, 1) })
const time = fc.tuple(fc.nat(23), fc.nat(59)).map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
const at = (text: string) => Date.parse(text)
const iso = (instantMs: number | null) => (instantMs === null ? null : new Date(instantMs).toISOString())
const date = (wall: { year: number; month: number; day: number }) => Date.UTC(wall.year, wall.month - 1, wall.day)

/** What `Intl` says, asked directly, without cache or arithmetic of ours. */
function oracle(instantMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(instantMs)
}

function shown(instantMs: number, timeZone: string): string {
  const offset = offsetAt(instantMs, timeZone)
  return new Date(instantMs + offset).toISOString().slice(0, 19).replace('T', ' ')
}

describe('isTimeZone', () => {
  test('knows IANA names only', () => {
    const names = ['UTC', 'Europe/Berlin', 'Asia/Calcutta', 'Etc/GMT+5', '+05:30', 'Mars/Olympus', '', 'Europe/Berlin; DROP', '05:00']
    expect(names.map(isTimeZone)).toEqual([true, true, true, true, false, false, false, false, false])
  })

  test('what is no zone counts as UTC', () => {
    expect(offsetAt(at('2025-07-01T00:00:00Z'), 'Mars/Olympus')).toBe(0)
    expect(instantOf({ year: 2025, month: 7, day: 1 }, 'Mars/Olympus')).toBe(at('2025-07-01T00:00:00Z'))
  })
})

describe('offsetAt', () => {
  test('agrees with Intl, to the second, around every change', () => {
    for (const name of ZONES) {
      let offset = offsetAt(Date.UTC(2009, 0, 1), name)
      for (let day = Date.UTC(2009, 0, 1); day < Date.UTC(2013, 0, 1); day += 86_400_000) {
        if (offsetAt(day, name) === offset) continue
        offset = offsetAt(day, name)
        for (let second = day - 86_400_000; second <= day; second += 599_000) expect(shown(second, name)).toBe(oracle(second, name))
      }
    }
  })

  test('agrees with Intl anywhere', () => {
    fc.assert(
      fc.property(instant, zone, (when, name) => {
        expect(shown(when, name)).toBe(oracle(when, name))
      }),
      { numRuns: 500 },
    )
  })

  test('changes at the very millisecond', () => {
    const change = at('2025-03-30T01:00:00Z')
    expect([offsetAt(change - 1, 'Europe/Berlin'), offsetAt(change, 'Europe/Berlin')]).toEqual([3_600_000, 7_200_000])
    // A minute past midnight on the wall, not on the quarter of an hour.
    const odd = at('2010-03-14T03:31:00Z')
    expect([offsetAt(odd - 1, 'America/St_Johns'), offsetAt(odd, 'America/St_Johns')]).toEqual([-12_600_000, -9_000_000])
    expect(offsetAt(at('2025-01-01T00:00:00Z'), 'Asia/Kathmandu')).toBe(20_700_000)
  })
})

describe('wallClockAt and instantOf', () => {
  test('shows the parts', () => {
    expect(wallClockAt(at('2025-01-05T18:14:59.007Z'), 'Asia/Kathmandu')).toEqual({
      year: 2025,
      month: 1,
      day: 5,
      hour: 23,
      minute: 59,
      second: 59,
      millisecond: 7,
      weekday: 7,
    })
  })

  test("come back to the same instant, or to the fold's first", () => {
    fc.assert(
      fc.property(instant, zone, (when, name) => {
        const wall = wallClockAt(when, name)
        const back = instantOf(wall, name)
        expect(wallClockAt(back, name)).toEqual(wall)
        expect(back).toBeLessThanOrEqual(when)
        if (back !== when) expect(when - back).toBe(offsetAt(back, name) - offsetAt(when, name))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['gap in Berlin', 'Europe/Berlin', [2025, 3, 30, 2, 30], '2025-03-30T01:00:00.000Z'],
    ['fold in Berlin', 'Europe/Berlin', [2025, 10, 26, 2, 30], '2025-10-26T00:30:00.000Z'],
    ['gap in Sydney', 'Australia/Sydney', [2025, 10, 5, 2, 1], '2025-10-04T16:00:00.000Z'],
    ['fold in Sydney', 'Australia/Sydney', [2025, 4, 6, 2, 59], '2025-04-05T15:59:00.000Z'],
    ["half an hour's gap on Lord Howe", 'Australia/Lord_Howe', [2025, 10, 5, 2, 15], '2025-10-04T15:30:00.000Z'],
    ["half an hour's fold on Lord Howe", 'Australia/Lord_Howe', [2025, 4, 6, 1, 45], '2025-04-05T14:45:00.000Z'],
    ['gap at midnight in Santiago', 'America/Santiago', [2025, 9, 7, 0, 0], '2025-09-07T04:00:00.000Z'],
    ['the day Apia left out', 'Pacific/Apia', [2011, 12, 30, 12, 0], '2011-12-30T10:00:00.000Z'],
    ['just before that day', 'Pacific/Apia', [2011, 12, 29, 23, 59], '2011-12-30T09:59:00.000Z'],
    ['just after it', 'Pacific/Apia', [2011, 12, 31, 0, 0], '2011-12-30T10:00:00.000Z'],
  ] as const)('%s', (_name, timeZone, [year, month, day, hour, minute], expected) => {
    expect(iso(instantOf({ year, month, day, hour, minute }, timeZone))).toBe(expected)
  })
})

describe('addDuration', () => {
  test('the calendar keeps the wall clock, the clock keeps the length', () => {
    const eve = at('2025-03-29T11:00:00Z')
    expect(iso(addDuration(eve, { months: 0, days: 1, millis: 0 }, 'Europe/Berlin'))).toBe('2025-03-30T10:00:00.000Z')
    expect(iso(addDuration(eve, { months: 0, days: 0, millis: 86_400_000 }, 'Europe/Berlin'))).toBe('2025-03-30T11:00:00.000Z')
    expect(iso(addDuration(at('2011-12-29T22:00:00Z'), { months: 0, days: 1, millis: 0 }, 'Pacific/Apia'))).toBe('2011-12-30T10:00:00.000Z')
  })

  test('months end where they end', () => {
    const add = (from: string, months: number, days = 0) => iso(addDuration(at(from), { months, days, millis: 0 }, 'UTC'))
    expect(add('2025-01-31T08:00:00Z', 1)).toBe('2025-02-28T08:00:00.000Z')
    expect(add('2024-01-31T08:00:00Z', 1, 1)).toBe('2024-03-01T08:00:00.000Z')
    expect(add('2024-02-29T08:00:00Z', 12)).toBe('2025-02-28T08:00:00.000Z')
    expect(add('2025-12-15T08:00:00Z', 1)).toBe('2026-01-15T08:00:00.000Z')
    expect(add('2025-01-15T08:00:00Z', -1, -15)).toBe('2024-11-30T08:00:00.000Z')
  })

  test('moves on by about its length, and by nothing exactly', () => {
    fc.assert(
      fc.property(instant, zone, fc.nat(400), fc.nat(10_000_000), (when, name, days, millis) => {
        expect(addDuration(when, { months: 0, days: 0, millis }, name)).toBe(when + millis)
        const moved = addDuration(when, { months: 0, days, millis }, name) - when - millis - days * 86_400_000
        // A day for the date line, an hour for summer time.
        expect(Math.abs(moved)).toBeLessThanOrEqual(90_000_000)
      }),
      { numRuns: 500 },
    )
  })
})

describe('nextTimeOfDay and nextWeekday', () => {
  test('strictly after', () => {
    expect(iso(nextTimeOfDay(at('2025-06-02T07:00:00Z'), '09:00', 'Europe/Berlin'))).toBe('2025-06-03T07:00:00.000Z')
    expect(iso(nextTimeOfDay(at('2025-06-02T06:59:59.999Z'), '09:00', 'Europe/Berlin'))).toBe('2025-06-02T07:00:00.000Z')
  })

  test("a fold's time comes once, a gap's at its end", () => {
    const first = at('2025-10-26T00:30:00Z')
    expect(nextTimeOfDay(first - 1, '02:30', 'Europe/Berlin')).toBe(first)
    expect(iso(nextTimeOfDay(first, '02:30', 'Europe/Berlin'))).toBe('2025-10-27T01:30:00.000Z')
    expect(iso(nextTimeOfDay(at('2025-03-29T12:00:00Z'), '02:30', 'Europe/Berlin'))).toBe('2025-03-30T01:00:00.000Z')
  })

  test('a weekday, and one that was left out', () => {
    // 2 June 2025 is a Monday.
    expect(iso(nextWeekday(at('2025-06-02T12:00:00Z'), [1], '09:00', 'Europe/Berlin'))).toBe('2025-06-09T07:00:00.000Z')
    expect(iso(nextWeekday(at('2025-06-02T12:00:00Z'), [3, 6], '09:00', 'Europe/Berlin'))).toBe('2025-06-04T07:00:00.000Z')
    expect(iso(nextWeekday(at('2011-12-29T22:00:00Z'), [5], '09:00', 'Pacific/Apia'))).toBe('2012-01-05T19:00:00.000Z')
    expect(iso(nextTimeOfDay(at('2011-12-30T00:00:00Z'), '12:00', 'Pacific/Apia'))).toBe('2011-12-30T22:00:00.000Z')
  })

  test('is the first: within two days, on the asked weekday, with nothing between', () => {
    fc.assert(
      fc.property(instant, zone, time, fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), (when, name, clock, weekdays) => {
        const daily = nextTimeOfDay(when, clock, name)
        expect(daily).toBeGreaterThan(when)
        expect(daily - when).toBeLessThanOrEqual(2 * 86_400_000)
        expect(nextTimeOfDay(daily - 1, clock, name)).toBe(daily)
        let expected = daily
        const wanted = nextWeekday(when, weekdays, clock, name)
        while (expected < wanted) expected = nextTimeOfDay(expected, clock, name)
        expect(wanted).toBe(expected)
        expect(weekdays).toContain(new Date(date(wallClockAt(wanted, name))).getUTCDay() || 7)
      }),
      { numRuns: 300 },
    )
  })
})

describe('atDate', () => {
  test.each([
    ['2025-03-30', '02:30', 'Europe/Berlin', '2025-03-30T01:00:00.000Z'],
    ['2025-07-01', null, 'Europe/Berlin', '2025-06-30T22:00:00.000Z'],
    ['2025-07-01T23:30:00Z', '09:00', 'Europe/Berlin', '2025-07-02T07:00:00.000Z'],
    ['2025-07-01T23:30:00Z', null, 'Europe/Berlin', '2025-07-01T23:30:00.000Z'],
    [at('2025-07-01T23:30:00Z'), '09:00', 'Europe/Berlin', '2025-07-02T07:00:00.000Z'],
    ['2025-02-30', '09:00', 'UTC', null],
    ['2025-07-01', '9', 'UTC', null],
    ['soon', null, 'UTC', null],
  ])('%s at %s in %s', (day, clock, timeZone, expected) => {
    expect(iso(atDate(day, clock, timeZone))).toBe(expected)
  })
})
