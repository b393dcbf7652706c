import { expect, test } from 'vitest'
import { brief, link, textMap, url } from '../../../src/domain/content/content-kind.ts'
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
  for (const sound of ['{{ event.image }}', 'https://a.example/1.png', 'http://a.example', '{% if a %}x{% endif %}'])
    expect(faults(url('Image'), sound)).toEqual([])
  expect(faults(url('Image'), `https://${'x'.repeat(2_000)}`)).toEqual(['data must have at most 2000 characters'])
})

test('an address without Liquid is one of the web, an app’s own may be any', () => {
  for (const wrong of ['cat.png', '//a.example/1', 'javascript:alert(1)', 'data:image/png;base64,AA', 'ftp://a.example/1', 'https://']) {
    expect(faults(url('Image'), wrong)).toEqual(['data must be an http or https address'])
    expect(faults(link('Deep link'), wrong)).toEqual([])
  }
})

test('what is brief is counted in characters as people see them, not where Liquid decides', () => {
  expect([...'ab', '🙂🙂', '{{ contact.name }}'].flatMap((sound) => faults(brief(2), sound))).toEqual([])
  expect(faults(brief(2), 'abc')).toEqual(['data must have at most 2 characters'])
  expect(faults(brief(2, { room: 10 }), '{{ contact.name }}')).toEqual(['data must have at most 10 characters'])
})
