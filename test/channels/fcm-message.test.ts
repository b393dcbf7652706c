import { describe, expect, it } from 'vitest'
import { fcmMessage } from '../../src/channels/fcm-message.ts'
import type { PushContent } from '../../src/domain/content/push.ts'
import type { OutgoingMessage } from '../../src/domain/delivery.ts'
import type { JsonObject } from '../../src/domain/json.ts'

const NOW = 1_750_000_000_000
const ID = '0197f000-0000-8007-8000-000000000001'
const FULL: PushContent = {
  title: 'Your cart',
  body: 'Still there',
  imageUrl: 'https://a.example/1.png',
  deepLink: 'https://shop.example/cart',
  actions: [
    { key: 'buy', label: 'Buy', deepLink: 'https://shop.example/buy' },
    { key: 'later', label: 'Later' },
  ],
  data: { cartId: 'c1' },
  collapseKey: 'cart',
  ttl: 'PT2H',
  android: {
    channelId: 'carts',
    priority: 'NORMAL',
    color: '#aa3300',
    icon: 'ic_cart',
    sound: 'ding.mp3',
    deepLink: 'shop://android/cart',
    ttl: 'PT30M',
  },
  ios: {
    subtitle: 'One thing in it',
    badge: 0,
    sound: 'ding.caf',
    category: 'CART',
    threadId: 'carts',
    interruptionLevel: 'TIME_SENSITIVE',
    priority: 'NORMAL',
    deepLink: 'shop://ios/cart',
    ttl: 'PT10M',
  },
}
const SHORT: PushContent = { title: 'Hi', body: 'There' }

const of = (content: PushContent, platform: string | null, usefulFor?: number) =>
  fcmMessage({ id: ID, address: 'token-1', platform, content: content as unknown as JsonObject, usefulFor } as OutgoingMessage, NOW)
const buttons = '[{"key":"buy","label":"Buy","deepLink":"https://shop.example/buy"},{"key":"later","label":"Later"}]'

describe('the message', () => {
  it('has all of Android’s on an Android device, and nothing of Apple’s', () => {
    expect(of(FULL, 'android')).toEqual({
      token: 'token-1',
      notification: { title: 'Your cart', body: 'Still there', imageUrl: 'https://a.example/1.png' },
      data: { cartId: 'c1', deep_link: 'shop://android/cart', actions: buttons, throughline_message: ID },
      android: {
        priority: 'normal',
        collapseKey: 'cart',
        ttl: 1_800_000,
        notification: { tag: 'cart', channelId: 'carts', color: '#aa3300', icon: 'ic_cart', sound: 'ding.mp3' },
      },
    })
  })

  it('has all of Apple’s on an iPhone, and nothing of Android’s', () => {
    expect(of(FULL, 'ios')).toEqual({
      token: 'token-1',
      notification: { title: 'Your cart', body: 'Still there', imageUrl: 'https://a.example/1.png' },
      data: { cartId: 'c1', deep_link: 'shop://ios/cart', actions: buttons, throughline_message: ID },
      apns: {
        headers: { 'apns-priority': '5', 'apns-collapse-id': 'cart', 'apns-expiration': String(NOW / 1_000 + 600) },
        payload: {
          aps: {
            alert: { title: 'Your cart', subtitle: 'One thing in it', body: 'Still there' },
            badge: 0,
            sound: 'ding.caf',
            category: 'CART',
            threadId: 'carts',
            'interruption-level': 'time-sensitive',
            mutableContent: true,
          },
        },
        fcmOptions: { imageUrl: 'https://a.example/1.png' },
      },
    })
  })

  it('has both where the platform is not known, each with its own link', () => {
    const both = of(FULL, null)
    expect(both.data?.deep_link).toBe('https://shop.example/cart')
    expect(both.android?.data).toEqual({ cartId: 'c1', deep_link: 'shop://android/cart', actions: buttons, throughline_message: ID })
    expect(both.apns?.payload?.deep_link).toBe('shop://ios/cart')
    expect([both.android?.ttl, both.apns?.headers?.['apns-expiration']]).toEqual([1_800_000, String(NOW / 1_000 + 600)])
  })

  it('is plain where its author says no more, and collapses on our id', () => {
    expect(of(SHORT, null)).toEqual({
      token: 'token-1',
      notification: SHORT,
      data: { throughline_message: ID },
      android: { priority: 'high', notification: { tag: ID } },
      apns: { headers: { 'apns-priority': '10', 'apns-collapse-id': ID }, payload: { aps: { sound: 'default' } } },
    })
  })

  it('is mutable where an extension has something to do', () => {
    const mutable = (content: Partial<PushContent>) => of({ ...SHORT, ...content }, 'ios').apns?.payload?.aps.mutableContent ?? false
    expect(mutable({ imageUrl: 'https://a.example/1.png' })).toBe(true)
    expect(mutable({ actions: [{ key: 'a', label: 'A' }] })).toBe(true)
    expect(mutable({ ios: { mutableContent: true } })).toBe(true)
    expect(mutable({ imageUrl: '', ios: { mutableContent: false } })).toBe(false)
  })

  it('sounds through silence only where it is critical', () => {
    const sound = (ios: NonNullable<PushContent['ios']>) => of({ ...SHORT, ios }, 'ios').apns?.payload?.aps.sound
    expect(sound({ interruptionLevel: 'CRITICAL' })).toEqual({ critical: true, name: 'default', volume: 1 })
    expect(sound({ interruptionLevel: 'CRITICAL', sound: 'siren.caf' })).toEqual({ critical: true, name: 'siren.caf', volume: 1 })
    expect(sound({ interruptionLevel: 'PASSIVE' })).toBe('default')
  })
})

// Android's in milliseconds, Apple's the instant in seconds: [the content's, Android's own, iOS's own, the node's patience].
it.each<[string | undefined, string | undefined, string | undefined, number | undefined, number | undefined, number | undefined]>([
  [undefined, undefined, undefined, undefined, undefined, undefined],
  ['PT1H', undefined, undefined, undefined, 3_600_000, NOW / 1_000 + 3_600],
  ['PT1H', 'PT2H', undefined, undefined, 7_200_000, NOW / 1_000 + 3_600],
  ['PT1H', undefined, 'PT0S', undefined, 3_600_000, 0],
  [undefined, undefined, undefined, 60_000, 60_000, NOW / 1_000 + 60],
  ['PT1H', 'PT10S', undefined, 60_000, 10_000, NOW / 1_000 + 60],
  ['P90D', undefined, undefined, undefined, 28 * 86_400_000, NOW / 1_000 + 28 * 86_400],
])('it lives for the shortest of what is said: %s %s %s %s', (ttl, android, ios, usefulFor, androidLife, iosEnd) => {
  const content = { ...SHORT, ...(ttl ? { ttl } : {}), ...(android ? { android: { ttl: android } } : {}), ...(ios ? { ios: { ttl: ios } } : {}) }
  const message = of(content, null, usefulFor)
  expect(message.android?.ttl).toBe(androidLife)
  expect(message.apns?.headers?.['apns-expiration']).toBe(iosEnd === undefined ? undefined : String(iosEnd))
})

describe('a collapse key', () => {
  const collapseId = (collapseKey: string) => of({ ...SHORT, collapseKey }, 'ios').apns?.headers?.['apns-collapse-id'] ?? ''

  it('is Apple’s own id as far as that reaches, 64 bytes', () => {
    expect(collapseId('x'.repeat(64))).toBe('x'.repeat(64))
  })

  it('that is longer, or no text for a header, stands there as a digest, the same for the same key alone', () => {
    expect([collapseId('x'.repeat(65)), collapseId('é'), collapseId('a\r\nb')]).toEqual(Array(3).fill(expect.stringMatching(/^[\w-]{43}$/)))
    const long = 'корзина '.repeat(9)
    expect(collapseId(long)).toMatch(/^[\w-]{43}$/)
    expect(collapseId(long)).toBe(collapseId(long))
    expect(collapseId(`${long}!`)).not.toBe(collapseId(long))
    expect(of({ ...SHORT, collapseKey: long }, 'android').android).toMatchObject({ collapseKey: long, notification: { tag: long } })
  })
})
