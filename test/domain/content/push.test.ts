import { expect, test } from 'vitest'
import { MOST_PUSH_BYTES, PUSH, type PushContent, pushData } from '../../../src/domain/content/push.ts'
import { templateTexts } from '../../../src/domain/content.ts'

const ID = '0197f000-0000-8007-8000-000000000001'
const FULL: PushContent = {
  title: 'Your cart',
  body: 'Still there',
  imageUrl: 'https://a.example/1.png',
  deepLink: 'https://shop.example/cart',
  actions: [{ key: 'buy', label: 'Buy', deepLink: 'https://shop.example/buy' }],
  data: { cartId: 'c1' },
  collapseKey: 'cart',
  ttl: 'PT2H',
  android: { channelId: 'carts', priority: 'NORMAL', color: '#aa3300', icon: 'ic', sound: 'ding', deepLink: 'shop://android', ttl: 'PT30M' },
  ios: { badge: 3, sound: 'ding.caf', category: 'CART', interruptionLevel: 'PASSIVE', mutableContent: true, deepLink: 'shop://ios', ttl: 'PT0S' },
}

function faults(content: object): string[] {
  const found: string[] = []
  PUSH.shape.parse(content, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test('a content of all fields is taken, and one that is at fault says where', () => {
  expect([faults(FULL), faults({ title: 'Hi', body: 'There' })]).toEqual([[], []])
  expect(
    faults({
      title: 'Hi',
      body: 'There',
      sound: 'x',
      actions: [],
      android: { color: 'red', ttl: 'soon', vibrate: true },
      ios: { badge: -1, interruptionLevel: 'LOUD', priority: 'HIGHEST' },
    }),
  ).toEqual([
    'sound is not a setting here',
    'actions must have at least 1 entries',
    'android.vibrate is not a setting here',
    'android.color must match ^#[0-9A-Fa-f]{6}$',
    'android.ttl must be an ISO 8601 duration such as PT15M or P2D',
    'ios.badge must be at least 0',
    'ios.interruptionLevel must be one of PASSIVE, ACTIVE, TIME_SENSITIVE, CRITICAL',
    'ios.priority must be one of NORMAL, HIGH',
  ])
  const twice = [
    { key: 'a', label: 'A' },
    { key: 'a', label: 'B' },
  ]
  expect(faults({ ...FULL, actions: twice })).toEqual(['actions.1.key is there twice'])
})

test.each(['from', 'message_type', 'google', 'google.x', 'gcm.n'])('data may not be called %s, which FCM refuses', (key) => {
  expect(faults({ ...FULL, data: { [key]: 'x' } })).toEqual([`data.${key} is a name FCM keeps for itself`])
  expect(faults({ ...FULL, data: { [`x${key}`]: 'x' } })).toEqual([])
})

test('what FCM carries on no platform is refused when it is saved', () => {
  const least = JSON.stringify({ notification: { title: 'Hi', body: 'There' }, data: { a: '', throughline_message: ID } }).length
  const of = (length: number, body = 'There') => faults({ title: 'Hi', body, data: { a: 'x'.repeat(length) } })
  expect(of(MOST_PUSH_BYTES - least)).toEqual([])
  expect(of(MOST_PUSH_BYTES - least + 1)).toEqual([' is too large: 4097 bytes where at most 4096 are carried'])
  expect(of(MOST_PUSH_BYTES - least + 1, '{{ name }}')).toEqual([])
})

test('the app gets the link of its platform, the buttons as JSON, and our id whatever the author calls it', () => {
  const actions = '[{"key":"buy","label":"Buy","deepLink":"https://shop.example/buy"}]'
  const data = { cartId: 'c1', actions, throughline_message: ID }
  expect(pushData(FULL, ID, 'android')).toEqual({ ...data, deep_link: 'shop://android' })
  expect(pushData(FULL, ID, 'ios')).toEqual({ ...data, deep_link: 'shop://ios' })
  expect(pushData(FULL, ID, null)).toEqual({ ...data, deep_link: 'https://shop.example/cart' })
  expect(pushData({ ...FULL, ios: { deepLink: '' } }, ID, 'ios').deep_link).toBe('https://shop.example/cart')
  expect(pushData({ title: 'Hi', body: 'There', data: { throughline_message: 'x' } }, ID, null)).toEqual({ throughline_message: ID })
})

test('links and texts of every block are templates', () => {
  const paths = templateTexts('push', { ...FULL } as never).map((each) => each.path.join('.'))
  expect(paths).toEqual(expect.arrayContaining(['title', 'actions.0.label', 'actions.0.deepLink', 'android.deepLink', 'ios.deepLink', 'data.cartId']))
  expect(paths).not.toContain('ttl')
})
