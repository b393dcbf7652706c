import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationMillis, fixedMillis, parseDuration } from '../../src/domain/duration.ts'

const DAY = 86_400_000

describe('parseDuration', () => {
  test.each([
    ['P1Y2M3W4DT5H6M7.089S', { months: 14, days: 25, millis: 18_367_089 }],
    ['P1M', { months: 1, days: 0, millis: 0 }],
    ['PT1M', { months: 0, days: 0, millis: 60_000 }],
    ['P2W', { months: 0, days: 14, millis: 0 }],
    ['PT0.3S', { months: 0, days: 0, millis: 300 }],
    ['PT0.001S', { months: 0, days: 0, millis: 1 }],
    ['PT90M', { months: 0, days: 0, millis: 5_400_000 }],
    ['PT36H', { months: 0, days: 0, millis: 129_600_000 }],
    ['PT0S', { months: 0, days: 0, millis: 0 }],
    ['P007D', { months: 0, days: 7, millis: 0 }],
  ])('%s', (text, duration) => {
    expect(parseDuration(text)).toEqual(duration)
  })

  const none = ['', 'P', 'PT', 'P1DT', '1D', 'p1d', 'P-1D', '-P1D', '+P1D', 'P1S', 'PT1D', 'PT1M1H', 'P1D1M', 'PT.5S', 'PT1.S', 'PT1.2345S']
  test.each([...none, 'P1.5D', 'PT1S ', ' PT1S', 'PT1S\n', 'PT١S', 'P1DP1D', '15 minutes'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })

  test('a hundred years is the longest, in whatever units', () => {
    expect(parseDuration('P100Y')).toEqual({ months: 1200, days: 0, millis: 0 })
    expect(parseDuration('P1200M')).toEqual({ months: 1200, days: 0, millis: 0 })
    expect(parseDuration('P36525D')).toEqual({ months: 0, days: 36_525, millis: 0 })
    const longer = ['P101Y', 'P100Y1M', 'P1201M', 'P100Y1D', 'P36601D', 'P5229W', 'PT878401H', `P${'9'.repeat(400)}Y`, `PT${'9'.repeat(400)}S`]
    expect(longer.filter((text) => parseDuration(text) !== null)).toEqual([])
  })

  test('says again what was written, and says it twice the same', () => {
    const part = fc.nat(60)
    fc.assert(
      fc.property(part, part, part, part, part, part, part, fc.nat(999), (years, months, weeks, days, hours, minutes, seconds, millis) => {
        const text = `P${years}Y${months}M${weeks}W${days}DT${hours}H${minutes}M${seconds}.${String(millis).padStart(3, '0')}S`
        const expected = {
          months: years * 12 + months,
          days: weeks * 7 + days,
          millis: ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis,
        }
        expect(parseDuration(text)).toEqual(expected)
        expect(parseDuration(text)).toEqual(expected)
      }),
    )
  })

  test('takes any text, and gives whole milliseconds that are never negative', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^P[0-9YMWDTHS.]{0,12}$/)), (text) => {
        const parsed = parseDuration(text)
        if (parsed !== null) for (const value of Object.values(parsed)) expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
      }),
    )
  })
})

test('where no calendar is asked a day has 24 hours and a month 30 days', () => {
  expect(fixedMillis({ months: 2, days: 3, millis: 4 })).toBe(63 * DAY + 4)
  expect(['PT15M', 'P1DT12H', 'P1M', 'P1Y', 'PT0S'].map(durationMillis)).toEqual([900_000, 1.5 * DAY, 30 * DAY, 360 * DAY, 0])
  expect(['', 'soon', 'P101Y'].map(durationMillis)).toEqual([0, 0, 0])
})
