import { describe, expect, it, test } from 'vitest'
import { PUSH_HOSTS, parsePushSubscription, writePushSubscription } from '../../src/domain/push-subscription.ts'

/** The example of RFC 8291 §5. */
const KEYS = {
  p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
}
const ENDPOINT = 'https://updates.push.services.mozilla.com/wpush/v2/gAAAAA'
const parse = (value: unknown, hosts?: readonly string[]) => parsePushSubscription(JSON.stringify(value), hosts)

describe('a push subscription', () => {
  it('is read as a browser gives it, and written in one spelling', () => {
    const fromBrowser = { expirationTime: null, keys: { auth: KEYS.auth, p256dh: KEYS.p256dh }, endpoint: ENDPOINT }
    expect(parse(fromBrowser)).toEqual({ endpoint: ENDPOINT, keys: KEYS })
    const padded = { p256dh: `${KEYS.p256dh.replaceAll('-', '+').replaceAll('_', '/')}=`, auth: `${KEYS.auth.replaceAll('_', '/')}==` }
    const written = `{"endpoint":"${ENDPOINT}","keys":{"p256dh":"${KEYS.p256dh}","auth":"${KEYS.auth}"}}`
    expect(writePushSubscription(parse({ endpoint: ENDPOINT, keys: padded }) ?? { endpoint: '', keys: KEYS })).toBe(written)
    expect(parsePushSubscription(written)).toEqual({ endpoint: ENDPOINT, keys: KEYS })
  })

  it.each([
    ['no JSON', 'device-token-0123456789'],
    ['no object', JSON.stringify([ENDPOINT])],
    ['no keys', JSON.stringify({ endpoint: ENDPOINT })],
    ['no endpoint', JSON.stringify({ keys: KEYS })],
  ])('is not %s', (_why, text) => {
    expect(parsePushSubscription(text)).toBeNull()
  })

  it.each([
    ['a compressed point', { ...KEYS, p256dh: `A${KEYS.p256dh.slice(1)}` }],
    ['a point a byte short', { ...KEYS, p256dh: KEYS.p256dh.slice(0, -2) }],
    ['a point a byte long', { ...KEYS, p256dh: `${KEYS.p256dh}A` }],
    ['bits beyond the last byte', { ...KEYS, auth: `${KEYS.auth.slice(0, -1)}h` }],
    ['a short secret', { ...KEYS, auth: KEYS.auth.slice(2) }],
    ['a key that is no text', { ...KEYS, auth: 7 }],
  ])('has a key of the right size, not %s', (_why, keys) => {
    expect(parse({ endpoint: ENDPOINT, keys })).toBeNull()
  })
})

test.each(PUSH_HOSTS)('%s is a push service, and what only looks like it is none', (host) => {
  const name = host.startsWith('.') ? `a1${host}` : host
  const at = (endpoint: string) => parse({ endpoint, keys: KEYS })?.endpoint ?? null
  expect(at(`https://${name.toUpperCase()}/x?y=1`)).toBe(`https://${name}/x?y=1`)
  const others = [`http://${name}/x`, `https://${name}:8443/x`, `https://${name}.evil.example/x`, `https://evil${host.replace('.', '-')}/x`]
  const disguised = [`https://u:p@${name}/x`, `https://u@${name}/x`, `https://evil.example/${name}`, `https://${name}/x#y`, `ftp://${name}/x`]
  const cut = host.startsWith('.') ? [`https://${host.slice(1)}/x`] : [`https://sub.${host}/x`]
  expect([...others, ...disguised, ...cut].map(at)).toEqual([...others, ...disguised, ...cut].map(() => null))
})

test('the operator’s own hosts are push services, without TLS too, and nothing near them is', () => {
  const hosts = ['127.0.0.1:4010', 'push.inside.example']
  const at = (endpoint: string) => parse({ endpoint, keys: KEYS }, hosts)?.endpoint ?? null
  expect(at('http://127.0.0.1:4010/web-push/1')).toBe('http://127.0.0.1:4010/web-push/1')
  expect(at('https://push.inside.example/1')).toBe('https://push.inside.example/1')
  expect(at('http://push.inside.example:99/1')).toBe('http://push.inside.example:99/1')
  expect(['http://127.0.0.1:4011/1', 'http://127.0.0.1/1', 'https://a.push.inside.example/1', 'ws://push.inside.example/1'].map(at)).toEqual([
    null,
    null,
    null,
    null,
  ])
  expect(parse({ endpoint: 'http://127.0.0.1:4010/web-push/1', keys: KEYS })).toBeNull()
})

test('an endpoint longer than any push service gives is none', () => {
  const endpoint = `${ENDPOINT}${'A'.repeat(2_048 - ENDPOINT.length)}`
  expect(parse({ endpoint, keys: KEYS })?.endpoint).toBe(endpoint)
  expect(parse({ endpoint: `${endpoint}A`, keys: KEYS })).toBeNull()
})
