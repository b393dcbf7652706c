import { expect, test } from 'vitest'
import { MOST_WEB_PUSH_BYTES, WEB_PUSH, type WebPushContent, webPushPayload } from '../../../src/domain/content/web-push.ts'
import { templateTexts } from '../../../src/domain/content.ts'

const ID = '0197f000-0000-8007-8000-000000000001'
const FULL: WebPushContent = {
  title: 'Your cart',
  body: 'Still there',
  iconUrl: 'https://a.example/i.png',
  imageUrl: 'https://a.example/1.png',
  badgeUrl: 'https://a.example/b.png',
  url: 'https://shop.example/cart',
  actions: [
    { action: 'buy', title: 'Buy', url: 'https://shop.example/buy', iconUrl: 'https://a.example/buy.png' },
    { action: 'later', title: 'Later' },
  ],
  data: { cartId: 'c1' },
  topic: 'cart',
  urgency: 'HIGH',
  requireInteraction: true,
  silent: false,
  ttl: 'PT1H',
}

function faults(content: object): string[] {
  const found: string[] = []
  WEB_PUSH.shape.parse(content, [], (path, message) => found.push(`${path.join('.')} ${message}`))
  return found
}

test('a content of all fields is taken, and one that is at fault says where', () => {
  expect(faults(FULL)).toEqual([])
  expect(faults({ title: 'Hi', body: 'There' })).toEqual([])
  expect(faults({ title: 'Hi', urgency: 'NOW', actions: [], ttl: '1h', sound: 'x' })).toEqual([
    'sound is not a setting here',
    'body is missing',
    'actions must have at least 1 entries',
    'urgency must be one of VERY_LOW, LOW, NORMAL, HIGH',
    'ttl must be an ISO 8601 duration such as PT15M or P2D',
  ])
  const twice = [FULL.actions?.[0], { action: 'buy', title: 'Again' }]
  expect(faults({ ...FULL, actions: twice })).toEqual(['actions.1.action is there twice'])
})

test('the service worker is given the notification by the browser’s own names, and our id', () => {
  expect(JSON.parse(webPushPayload(FULL, ID))).toEqual({
    title: 'Your cart',
    body: 'Still there',
    icon: 'https://a.example/i.png',
    image: 'https://a.example/1.png',
    badge: 'https://a.example/b.png',
    actions: [
      { action: 'buy', title: 'Buy', icon: 'https://a.example/buy.png' },
      { action: 'later', title: 'Later' },
    ],
    requireInteraction: true,
    tag: 'cart',
    data: { cartId: 'c1', throughline_message: ID, url: 'https://shop.example/cart', actions: { buy: 'https://shop.example/buy' } },
  })
  // Under our id a message that is sent twice shows once. What rendered to nothing is left out.
  expect(JSON.parse(webPushPayload({ title: 'Hi', body: 'There', topic: '', url: '', imageUrl: '' }, ID))).toEqual({
    title: 'Hi',
    body: 'There',
    tag: ID,
    data: { throughline_message: ID },
  })
  // An author's own data cannot take the place of ours.
  expect(JSON.parse(webPushPayload({ title: 'Hi', body: 'There', data: { throughline_message: 'x' } }, ID)).data).toEqual({ throughline_message: ID })
})

test('what no push service would carry is refused when it is saved, to the byte', () => {
  const rest = MOST_WEB_PUSH_BYTES - webPushPayload({ title: 'Hi', body: 'There', data: { a: '' } }, ID).length
  expect(faults({ title: 'Hi', body: 'There', data: { a: 'x'.repeat(rest) } })).toEqual([])
  expect(faults({ title: 'Hi', body: 'There', data: { a: 'x'.repeat(rest + 1) } })).toEqual([
    ' is too large: 3994 bytes where at most 3993 are carried',
  ])
  expect(faults({ title: 'Hi', body: '{{ name }}', data: { a: 'x'.repeat(rest + 1) } })).toEqual([])
})

test('every text but the choices is a template', () => {
  expect(templateTexts('web_push', { ...FULL }).map((each) => each.path.join('.'))).toEqual([
    'title',
    'body',
    'iconUrl',
    'imageUrl',
    'badgeUrl',
    'url',
    'actions.0.action',
    'actions.0.title',
    'actions.0.url',
    'actions.0.iconUrl',
    'actions.1.action',
    'actions.1.title',
    'data.cartId',
    'topic',
  ])
})
