import { expect, test } from 'vitest'
import { bytesOf, fits, holdsLiquid } from '../../../src/domain/content/payload.ts'
import type { Json } from '../../../src/domain/json.ts'

test('bytes are counted in UTF-8', () => {
  expect(['', 'abc', 'ü', '€', '👋'].map(bytesOf)).toEqual([0, 3, 2, 3, 4])
})

test.each([
  ['plain', false],
  ['a { b } {c}', false],
  ['Hi {{ name }}', true],
  ['{% if a %}', true],
  [{ data: { deep: ['x', '{{ y }}'] } }, true],
  [{ data: { deep: ['x', 7, null, true] } }, false],
  [null, false],
] as [Json, boolean][])('%j holds Liquid: %s', (value, expected) => {
  expect(holdsLiquid(value)).toBe(expected)
})

test('what is certainly too large is refused with its size, what may shrink when it is rendered is not', () => {
  const said: string[] = []
  const report = (path: readonly string[], message: string) => void said.push(`${path.join('.')} ${message}`)
  expect([fits('x', 'ää', 4, ['content'], report), fits('{{ x }}', 'äää', 4, ['content'], report), said]).toEqual([true, true, []])
  expect(fits('x', 'äää', 4, ['content'], report)).toBe(false)
  expect(said).toEqual(['content is too large: 6 bytes where at most 4 are carried'])
})
