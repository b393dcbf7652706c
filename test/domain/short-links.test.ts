import fc from 'fast-check'
import { expect, test } from 'vitest'
import { laneOfCode, replaceLinks, SHORT_CODE_LENGTH, shortCode } from '../../src/domain/short-links.ts'

test('a code carries its lane', () => {
  expect(shortCode(0, 'abcdefghijklmnop')).toBe('AAabcdefghij')
  expect(shortCode(63, '0123456789')).toBe('A_0123456789')
  expect(shortCode(4_095, '----------')).toBe('__----------')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_095 }), fc.stringMatching(/^[\w-]{10,43}$/), (lane, secret) => {
      const code = shortCode(lane, secret)
      expect(code).toHaveLength(SHORT_CODE_LENGTH)
      expect(laneOfCode(code)).toBe(lane)
      expect(laneOfCode(code, lane)).toBeNull()
    }),
  )
})

test.each(['', 'AAabcdefghi', 'AAabcdefghijk', 'AAabcdefghi.', 'ÄAabcdefghij', 'AA abcdefghi', 'AAabcdefghi\n'])('%j is no code', (text) => {
  expect(laneOfCode(text)).toBeNull()
})

test.each([
  ['Go to https://a.example/b?c=1&d=2#e now', 'Go to <https://a.example/b?c=1&d=2#e> now'],
  ['See https://a.example.', 'See <https://a.example>.'],
  ['(https://a.example/b)', '(<https://a.example/b>)'],
  ['https://a.example/b_(c)', '<https://a.example/b_(c)>'],
  ['Really? https://a.example?!', 'Really? <https://a.example>?!'],
  ['«https://a.example/größe»', '«<https://a.example/größe>»'],
  ['https://a.example, http://b.example', '<https://a.example>, <http://b.example>'],
  ['HTTPS://A.example', '<HTTPS://A.example>'],
  ['https://keep.example', 'https://keep.example'],
  ['a.example', 'a.example'],
  ['ftp://a.example', 'ftp://a.example'],
  ['', ''],
])('%j', (text, replaced) => {
  expect(replaceLinks(text, (url) => (url.includes('keep') ? null : `<${url}>`))).toBe(replaced)
})

test('no text loses anything but its links', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('https://a.example', ' ', '.', ')', '(', 'x', '\n', '/') }), (text) => {
      expect(replaceLinks(text, () => null)).toBe(text)
      expect(replaceLinks(text, (url) => url)).toBe(text)
    }),
  )
})
