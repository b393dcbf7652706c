import { expect, test } from 'vitest'
import { keyOf, matchesKey } from '../../../src/domain/journey/match.ts'
import { event, NOW } from './arbitrary.ts'

const about = event('e', 'bought', NOW, { cartId: 7, order: { id: 'x', ids: ['a'] }, gift: false, note: null, empty: '', amount: 0 })

test.each([
  ['cartId', '7'],
  ['order.id', 'x'],
  ['order.ids.0', 'a'],
  ['gift', 'false'],
  ['amount', '0'],
  ['empty', ''],
  ['note', null],
  ['order', null],
  ['order.ids', null],
  ['none', null],
  ['constructor', null],
  ['cartId.length', null],
])('the key at %s is %j', (path, key) => {
  expect(keyOf(about, path)).toBe(key)
})

test('an event is about a key when it carries it as text; without a path it is about every one', () => {
  expect(matchesKey(about, 'cartId', '7')).toBe(true)
  expect(matchesKey(about, 'cartId', '8')).toBe(false)
  expect(matchesKey(about, undefined, '8')).toBe(true)
  expect(matchesKey(about, 'empty', '')).toBe(true)
  // What carries no key is not about the enrollment that has none.
  expect(matchesKey(about, 'none', '')).toBe(false)
  expect(matchesKey(about, 'note', 'null')).toBe(false)
})
