import { expect, test } from 'vitest'
import { parseInstant, parseTimeOfDay } from '../../src/domain/instant.ts'

test.each([
  ['2025-03-01', Date.UTC(2025, 2, 1)],
  ['2025-03-01T10:20', Date.UTC(2025, 2, 1, 10, 20)],
  ['2025-03-01T10:20:30Z', Date.UTC(2025, 2, 1, 10, 20, 30)],
  ['2025-03-01T10:20:30.5Z', Date.UTC(2025, 2, 1, 10, 20, 30, 500)],
  ['2025-03-01T10:20:30.123456789+05:45', Date.UTC(2025, 2, 1, 4, 35, 30, 123)],
  ['2025-03-01T10:20:30-0330', Date.UTC(2025, 2, 1, 13, 50, 30)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  [1_700_000_000_000, 1_700_000_000_000],
])('reads %s', (value, expected) => {
  expect(parseInstant(value)).toBe(expected)
})

test.each([
  '2025-02-29',
  '2025-13-01',
  '2025-00-10',
  '2025-01-00',
  '0099-01-01',
  '2025-1-1',
  '2025-01-01T24:00',
  '2025-01-01T10',
  '2025-01-01 10:00',
  '2025-01-01Z',
  '2025-01-01T10:00:60Z',
  '2025-01-01T10:00z',
  '2025-01-01T10:00+15:00',
  '٢٠٢٥-01-01',
  '2025-01-01\n',
  'tomorrow',
  '',
  null,
  true,
  [],
  {},
  undefined,
])('refuses %j', (value) => {
  expect(parseInstant(value)).toBeNull()
})

test('reads times of day', () => {
  expect(['00:00', '09:30', '23:59', '24:00', '9:30', '09:60', ''].map(parseTimeOfDay)).toEqual([0, 570, 1439, null, null, null, null])
})
