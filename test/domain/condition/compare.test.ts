import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CONTRARIES, compare, compareText, sameJson } from '../../../src/domain/condition/compare.ts'
import { OPERATORS, type Operator } from '../../../src/domain/condition/condition.ts'
import type { Json } from '../../../src/domain/json.ts'

const NOW = Date.UTC(2025, 5, 15, 12)
const json = fc.jsonValue() as fc.Arbitrary<Json>

test.each<[Json | undefined, Operator, Json | undefined, boolean]>([
  ['a', 'EQ', 'a', true],
  [1, 'EQ', '1', false],
  [undefined, 'EQ', null, true],
  [{ x: 1, y: [2] }, 'EQ', { y: [2], x: 1 }, true],
  [undefined, 'NEQ', 'a', true],
  [10, 'GT', 9, true],
  ['10', 'GT', '9', false],
  ['10', 'GT', 9, false],
  [9, 'GTE', 9, true],
  [9, 'LT', 9, false],
  [9, 'LTE', 9, true],
  [undefined, 'LT', 9, false],
  [undefined, 'LT', 'a', false],
  ['de', 'IN', ['en', 'de'], true],
  [undefined, 'IN', ['en', null], true],
  ['de', 'NOT_IN', ['en', 'de'], false],
  ['de', 'IN', 'de', false],
  ['Throughline', 'CONTAINS', 'line', true],
  ['Throughline', 'CONTAINS', 'LINE', false],
  [['a', 'b'], 'CONTAINS', 'b', true],
  [[['a']], 'CONTAINS', 'a', false],
  [12, 'CONTAINS', '1', false],
  [12, 'NOT_CONTAINS', '1', true],
  ['Throughline', 'STARTS_WITH', 'Thro', true],
  ['Throughline', 'ENDS_WITH', 'line', true],
  [1, 'ENDS_WITH', '1', false],
  [false, 'EXISTS', undefined, true],
  [null, 'EXISTS', undefined, false],
  [undefined, 'NOT_EXISTS', undefined, true],
  ['2025-06-15', 'BEFORE', '2025-06-15T01:00:00+00:30', true],
  ['2025-06-15', 'BEFORE', '2025-06-15T00:00Z', false],
  [NOW + 1, 'AFTER', '2025-06-15T12:00Z', true],
  ['soon', 'AFTER', '2025-06-15', false],
  ['2025-06-16', 'AFTER', 'soon', false],
  ['2025-06-08T12:00Z', 'WITHIN_LAST', 'P7D', true],
  [NOW - 7 * 86_400_000 - 1, 'WITHIN_LAST', 'P7D', false],
  [NOW + 1, 'WITHIN_LAST', 'P7D', false],
  [undefined, 'NOT_WITHIN_LAST', 'P7D', true],
  [NOW, 'WITHIN_LAST', 'a week', false],
])('%j %s %j is %s', (value, op, operand, expected) => {
  expect(compare(value, operand === undefined ? { op } : { op, value: operand }, NOW)).toBe(expected)
})

test('answers on anything, and contraries contradict', () => {
  fc.assert(
    fc.property(json, fc.constantFrom(...OPERATORS), json, (value, op, operand) => {
      const answer = compare(value, { op, value: operand }, NOW)
      expect(answer).toBeTypeOf('boolean')
      if (op in CONTRARIES) expect(compare(value, { op: CONTRARIES[op as keyof typeof CONTRARIES], value: operand }, NOW)).toBe(!answer)
    }),
    { numRuns: 1000 },
  )
})

test('an operator that is none holds never', () => {
  expect(compare('a', { op: 'LIKE' as Operator, value: 'a' }, NOW)).toBe(false)
  expect(compare('a', { op: 'toString' as Operator, value: 'a' }, NOW)).toBe(false)
})

describe('compareText', () => {
  test('orders as UTF-8 bytes do', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\uD7FF', '\uE000', '\uFFFD', '\u{10000}', '\u{1F600}') })
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('sameJson', () => {
  test('is being the same after a round trip, in whatever order of keys', () => {
    const reversed = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(reversed)
      return typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, each]) => [key, reversed(each)]),
          )
        : value
    }
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(sameJson(a, reversed(a))).toBe(true)
        expect(sameJson({ held: a }, { held: a, more: b })).toBe(false)
        expect(sameJson([a, b], [a])).toBe(false)
      }),
    )
  })
})
