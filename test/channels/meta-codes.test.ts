import { expect, it } from 'vitest'
import { isAccessCode, META_FAILURES, metaRule, WINDOW_CLOSED } from '../../src/channels/meta-codes.ts'

it('keeps for later whatever waiting, money or an administrator can put right', () => {
  const kept = Object.entries(META_FAILURES).flatMap(([code, rule]) => (rule.as === 'retry' ? [[Number(code), rule.retryAfter]] : []))
  expect(kept).toEqual([
    [4, 60_000],
    [80007, 60_000],
    [130429, 2_000],
    [131031, 300_000],
    [131037, 300_000],
    [131042, 300_000],
    [131045, 300_000],
    [Number(WINDOW_CLOSED), 0],
    [131048, 900_000],
    [131056, 6_000],
    [131057, 300_000],
    [133010, 300_000],
  ])
})

it('spoils no address: a number that is not on WhatsApp today may be tomorrow', () => {
  expect(Object.values(META_FAILURES).filter((rule) => rule.identity !== undefined)).toEqual([])
})

it('opts out who refused marketing at WhatsApp itself, and nobody else', () => {
  expect(Object.entries(META_FAILURES).flatMap(([code, rule]) => (rule.optedOut ? [code] : []))).toEqual(['131050'])
})

it.each([
  ['131026', { as: 'permanent', message: 'The recipient cannot be reached on WhatsApp.' }],
  ['139999', { as: 'permanent', message: 'Meta error 139999.' }],
  ['constructor', { as: 'permanent', message: 'Meta error constructor.' }],
])('%s', (code, rule) => {
  expect(metaRule(code)).toEqual(rule)
})

it('knows authentication and permissions by their codes', () => {
  expect(['0', '3', '10', '190', '200', '299'].filter((code) => !isAccessCode(code))).toEqual([])
  expect([null, '1', '2', '4', '199', '300', '131031', 'x'].filter(isAccessCode)).toEqual([])
})
