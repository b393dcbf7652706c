import { expect, test } from 'vitest'
import { textMap, url } from '../../../src/domain/content/content-kind.ts'
import type { Shape } from '../../../src/domain/shape.ts'

function faults(shape: Shape<unknown>, value: unknown): string[] {
  const found: string[] = []
  shape.parse(value, ['data'], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test('a map takes texts alone, and names every member that is none', () => {
  expect(faults(textMap, { a: 'x', b: '' })).toEqual([])
  expect(faults(textMap, { a: 1, b: 'x', c: null })).toEqual(['data.a must be text', 'data.c must be text'])
  for (const other of [[], 'x', null, 7]) expect(faults(textMap, other)).toEqual(['data must be an object'])
})

test('an address is text of at most 2,000 characters, because it may be a template', () => {
  expect(faults(url('Image'), '{{ event.image }}')).toEqual([])
  expect(faults(url('Image'), `https://${'x'.repeat(2_000)}`)).toEqual(['data must have at most 2000 characters'])
})
