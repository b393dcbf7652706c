import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHANNELS } from '../../src/domain/channel.ts'
import { maskAddress, normaliseAddress } from '../../src/services/address.ts'

const SUBSCRIPTION =
  '{"endpoint":"https://fcm.googleapis.com/fcm/send/e1","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
const INSIDE = SUBSCRIPTION.replace('https://fcm.googleapis.com', 'http://127.0.0.1:4010')

describe('one spelling per address', () => {
  test.each([
    ['email', ' Ada@Example.COM ', 'ada@example.com'],
    ['email', 'ada+news@mail.example.co.uk', 'ada+news@mail.example.co.uk'],
    ['email', "o'brien_99-x@xn--bcher-kva.example", "o'brien_99-x@xn--bcher-kva.example"],
    ['email', 'gru\u0308n@example.de', 'gr\u00fcn@example.de'],
    ['sms', '+1 (415) 555-0177', '+14155550177'],
    ['sms', '+49 1512 3456789', '+4915123456789'],
    ['sms', ' +44-20-7946-0958', '+442079460958'],
    ['whatsapp', ' US.13491208655302741918 ', 'US.13491208655302741918'],
    ['whatsapp', 'US.ENT.11815799212886844830', 'US.ENT.11815799212886844830'],
    ['push', ' dQw4:w9_-xx ', 'dQw4:w9_-xx'],
    ['web_push', ` ${SUBSCRIPTION.replace('{', '{"expirationTime":null,')}\n`, SUBSCRIPTION],
  ] as const)('%s «%s» is «%s»', (channel, written, address) => {
    expect(normaliseAddress(channel, written)).toBe(address)
  })

  test.each([
    ['email', ''],
    ['email', 'ada'],
    ['email', 'ada@'],
    ['email', '@example.com'],
    ['email', 'ada@localhost'],
    ['email', 'ada@@example.com'],
    ['email', 'ada@example..com'],
    ['email', 'ada@-example.com'],
    ['email', 'ada@example.c'],
    ['email', 'ada@127.0.0.1'],
    ['email', 'ada lovelace@example.com'],
    ['email', 'ada@example.com, eve@example.com'],
    ['email', 'Ada <ada@example.com>'],
    ['email', 'ada@example.com\r\nBcc: eve@example.com'],
    ['email', `${'a'.repeat(65)}@example.com`],
    ['email', `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.com`],
    ['sms', ''],
    ['sms', '0151 23456789'],
    ['sms', '+12'],
    ['sms', '+999 12345678'],
    ['sms', '+1415555017712345678'],
    ['sms', 'tel'],
    ['sms', 'US.13491208655302741918'],
    ['whatsapp', 'us.1'],
    ['whatsapp', `US.${'1'.repeat(129)}`],
    ['whatsapp', 'US.1\nX'],
    ['push', 'short'],
    ['push', 'with a blank inside'],
    ['push', 'ümlaut-token'],
    ['push', 'x'.repeat(4_097)],
    ['web_push', 'dQw4:w9_-xx'],
    ['web_push', SUBSCRIPTION.replace('fcm.googleapis.com', 'metadata.internal')],
    ['web_push', INSIDE],
  ] as const)('%s «%s» is none', (channel, written) => {
    expect(normaliseAddress(channel, written)).toBeNull()
  })

  test('a subscription may be at a host of the operator’s', () => {
    expect(normaliseAddress('web_push', INSIDE, ['127.0.0.1:4010'])).toBe(INSIDE)
    expect(normaliseAddress('web_push', INSIDE, ['127.0.0.1:4011'])).toBeNull()
  })

  test('what is normal stays as it is', () => {
    const written = fc.oneof(
      fc.emailAddress(),
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 1_000_000, max: 999_999_999_999_999 }).map((n) => `+${n}`),
    )
    fc.assert(
      fc.property(fc.constantFrom(...CHANNELS), written, (channel, text) => {
        const normal = normaliseAddress(channel, text)
        if (normal !== null) expect(normaliseAddress(channel, normal)).toBe(normal)
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })
})

test('what is shown of an address is enough for its owner, and no more', () => {
  expect(maskAddress('email', 'ada@example.com')).toBe('a***@example.com')
  expect(maskAddress('email', 'a@example.com')).toBe('a***@example.com')
  expect(maskAddress('sms', '+14155550177')).toBe('+14***77')
  expect(maskAddress('push', 'dQw4w9WgXcQ-token')).toBe('dQw4w9…')
  expect(maskAddress('web_push', SUBSCRIPTION)).toBe('fcm.googleapis.com…')
  expect(maskAddress('web_push', INSIDE)).toBe('127.0.0.1:4010…')
})
