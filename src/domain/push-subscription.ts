import { isObject } from './json.ts'
import { isNamedPrivate } from './public-address.ts'

/** Where a browser takes its messages, and what they are encrypted for: PushSubscription.toJSON() of the Push API. */
export interface PushSubscription {
  endpoint: string
  keys: { p256dh: string; auth: string }
}

/**
 * The push services browsers subscribe at, a leading dot for all hosts below: whoever registers a subscription says where
 * our requests go. A service of one's own, or the sandbox's, is named in PRIVATE_HOSTS.
 */
export const PUSH_HOSTS = [
  // Chrome, Edge on Android, Opera, Brave, Samsung Internet.
  'fcm.googleapis.com',
  // Builds of Chromium without Google's keys.
  'jmt17.google.com',
  // Firefox.
  '.push.services.mozilla.com',
  // Edge on Windows.
  '.notify.windows.com',
  // Safari.
  '.push.apple.com',
] as const

const LONGEST_ENDPOINT = 2_048
/** An uncompressed point of P-256: 65 bytes that begin with 4 (RFC 8291 §3.1). */
const P256DH = /^B[A-P][\w-]{84}[AEIMQUYcgkosw048]$/
/** 16 bytes (RFC 8291 §3.2). */
const AUTH = /^[\w-]{21}[AQgw]$/

/**
 * The subscription a text holds, keys as base64url without padding; null for what is none, or is at no push service.
 * A host in `privateHosts` (`host` or `host:port`) may do without TLS. Whether the key lies on the curve shows when it is used.
 */
export function parsePushSubscription(text: string, privateHosts: readonly string[] = []): PushSubscription | null {
  const given = parse(text)
  if (!isObject(given) || typeof given.endpoint !== 'string' || !isObject(given.keys)) return null
  const endpoint = pushEndpoint(given.endpoint, privateHosts)
  const p256dh = base64url(given.keys.p256dh)
  const auth = base64url(given.keys.auth)
  return endpoint !== null && P256DH.test(p256dh) && AUTH.test(auth) ? { endpoint, keys: { p256dh, auth } } : null
}

/** One spelling per subscription: browsers add members of their own, in any order. */
export function writePushSubscription({ endpoint, keys: { p256dh, auth } }: PushSubscription): string {
  return JSON.stringify({ endpoint, keys: { p256dh, auth } })
}

function pushEndpoint(text: string, privateHosts: readonly string[]): string | null {
  if (text.length > LONGEST_ENDPOINT || !URL.canParse(text)) return null
  const { protocol, hostname, port, username, password, hash, href } = new URL(text)
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '' || hash !== '') return null
  if (isNamedPrivate({ privateHosts, httpsOnly: true }, hostname, port || (protocol === 'https:' ? '443' : '80'))) return href
  const known = PUSH_HOSTS.some((host) => (host.startsWith('.') ? hostname.endsWith(host) : hostname === host))
  return known && protocol === 'https:' && port === '' ? href : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Some clients write the other alphabet, or pad. */
function base64url(value: unknown): string {
  return typeof value === 'string'
    ? value
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/={1,2}$/, '')
    : ''
}
