import { expect, test } from 'vitest'
import { createTokens } from '../../src/store/tokens.ts'

const tokens = createTokens(Buffer.alloc(32, 1))

test('a token says what was signed, for its purpose and until it expires', () => {
  const token = tokens.sign('contact', { contact: 'c1' }, 1_000)
  expect(tokens.verify('contact', token, 999)).toEqual({ contact: 'c1' })
  expect(tokens.verify('contact', token, 1_000)).toBeNull()
  expect(tokens.verify('unsubscribe', token, 0)).toBeNull()
  expect(tokens.verify('open', tokens.sign('open', 'm1'))).toBe('m1')
})

test('altered, cut, foreign or malformed tokens are refused', () => {
  const token = tokens.sign('click', ['m1', 'https://example.com'])
  const [body, signature] = token.split('.') as [string, string]
  const forged = Buffer.from(JSON.stringify([['m1', 'https://evil.example'], 0])).toString('base64url')
  for (const bad of [`${forged}.${signature}`, body, `${body}.`, `.${signature}`, `${token}.x`, `${body}.${signature.slice(0, -3)}`, '', 'ä.ä']) {
    expect(tokens.verify('click', bad)).toBeNull()
  }
  expect(createTokens(Buffer.alloc(32, 2)).verify('click', token)).toBeNull()
})
