import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PLACE, readPlace, TIMELINE_KINDS, type TimelinePlace, writePlace } from '../../src/domain/timeline.ts'

const places: fc.Arbitrary<TimelinePlace> = fc.record({
  at: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  kind: fc.constantFrom(...TIMELINE_KINDS),
  seq: fc.nat(999_999_999),
  n: fc.nat(999_999_999),
  id: fc.uuid(),
})

test('a place that was written is read as it was, and is of the form that cursors are held to', () => {
  fc.assert(
    fc.property(places, (place) => {
      const written = writePlace(place)
      expect(written).toMatch(PLACE)
      expect(readPlace(written)).toEqual(place)
    }),
  )
})

test('what was made up is not of that form', () => {
  const written = writePlace({ at: 1, kind: 'STATUS', seq: 2, n: 3, id: '018f0000-0000-8003-8000-000000000001' })
  expect(written).toBe('1.5.2.3.018f0000-0000-8003-8000-000000000001')
  for (const made of [written.replace('1.5', '1.6'), `1${written}0`, written.replace('.2.', '.-2.'), written.replace('1.', '12345678901234567.'), ''])
    expect(made).not.toMatch(PLACE)
})
