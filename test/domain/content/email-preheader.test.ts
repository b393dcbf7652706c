import { expect, test } from 'vitest'
import { withPreheader } from '../../../src/domain/content/email-preheader.ts'

// Where it took the square of its length, this held the process up for an hour: the test would run out of time.
test('a body that never begins is looked for once', () => {
  const html = '<body'.repeat(1_000_000)
  expect(withPreheader({ html, preheader: 'Pre' }).endsWith(`</div>${html}`)).toBe(true)
})

test.each([
  [
    '<html><BODY class="x"><p>Hi</p></BODY></html>',
    /^<html><BODY class="x"><div style="display:none;[^"]+">Pre(&#8199;&#65279;&#847; )+<\/div><p>Hi<\/p><\/BODY><\/html>$/,
  ],
  ['<p>Hi</p>', /^<div [^>]+>Pre[^<]+<\/div><p>Hi<\/p>$/],
  ['', /^<div [^>]+>Pre[^<]+<\/div>$/],
])('stands hidden at the beginning of the body: %s', (html, whole) => {
  expect(withPreheader({ html, preheader: 'Pre' })).toMatch(whole)
  expect(withPreheader({ html })).toBe(html)
  expect(withPreheader({ html, preheader: '' })).toBe(html)
})
