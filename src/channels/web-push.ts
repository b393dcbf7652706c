import { createECDH, createHash } from 'node:crypto'
import webpush from 'web-push'
import { bytesOf } from '../domain/content/payload.ts'
import { MOST_WEB_PUSH_BYTES, type WebPushContent, webPushPayload } from '../domain/content/web-push.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import { durationMillis } from '../domain/duration.ts'
import { type PushSubscription, parsePushSubscription } from '../domain/push-subscription.ts'
import { type Infer, object, text } from '../domain/shape.ts'
import { openGuard, type Resolve } from './address-guard.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import { applyRule, classify, type FailureTable } from './failures.ts'
import { openTransport, type TransportOptions } from './http.ts'

const CREDENTIALS = object({
  privateKey: text({
    title: 'VAPID private key',
    description: '32 bytes as base64url, as `npx web-push generate-vapid-keys` prints it.',
    pattern: /^[\w-]{43}$/,
  }),
})
const SETTINGS = object({
  publicKey: text({ title: 'VAPID public key', description: 'What pages subscribe with: 65 bytes as base64url.', pattern: /^B[A-P][\w-]{85}$/ }),
  subject: text({
    title: 'Contact',
    description: 'Whom a push service writes to about this sender.',
    pattern: /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/,
    max: 320,
  }),
})
type Credentials = Infer<typeof CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/**
 * What a push service's status means (RFC 8030 §5, RFC 8292 §4.2); what else they say differs from one to the next. AUTH: the
 * workspace's keys are at fault. A 400 is that or an endpoint somebody made up. A 503 with Retry-After turned the message away.
 */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'REFUSED',
  401: 'AUTH',
  403: 'AUTH',
  404: 'UNREGISTERED',
  410: 'UNREGISTERED',
  413: 'PAYLOAD_TOO_LARGE',
  503: 'UNAVAILABLE',
}
const FAILURES = {
  AUTH: { as: 'retry', message: 'The push service refused the VAPID keys.', retryAfter: 60_000 },
  REFUSED: { as: 'retry', message: 'The push service refused the request.', retryAfter: 60_000 },
  OTHER_KEYS: { as: 'permanent', message: 'The browser subscribed with other VAPID keys.', identity: 'INVALID' },
  UNREGISTERED: { as: 'permanent', message: 'The browser is no longer subscribed.', identity: 'UNREGISTERED' },
  PAYLOAD_TOO_LARGE: { as: 'permanent', message: `The payload is larger than ${MOST_WEB_PUSH_BYTES} bytes.` },
  INVALID_SUBSCRIPTION: { as: 'permanent', message: 'The subscription has no sound keys, or is at no known push service.', identity: 'INVALID' },
  UNAVAILABLE: { as: 'ambiguous', message: 'The push service is overloaded.', retryWhenTold: true },
} as const satisfies FailureTable

/**
 * Google's words, Mozilla's and Apple's for a page that subscribed with other keys. Only they tell it from a fault of the workspace's own,
 * for which its circuit opens: one such browser, which anybody can register, would keep everybody's messages waiting.
 */
const OTHER_KEYS =
  /do(es)? not correspond to the (credentials used to create the subscriptions|sender ID)|VAPID public key mismatch|VapidPkHashMismatch|UnauthorizedRegistration/

/** `resolve` answers for the host names of subscriptions; the system's resolver where left out. */
type WebPushOptions = TransportOptions & { resolve?: Resolve }

/** Web push (RFC 8030) with VAPID (RFC 8292) and encryption (RFC 8291). It does not call back: the page reports opens. */
export function webPush(options: WebPushOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'web_push',
    provider: 'webpush',
    title: 'Web push',
    credentials: CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
  }
}

/**
 * Requests go where the subscription says, under the address guard, since strangers register subscriptions; or with
 * their paths to the connection's own base URL. A send takes some 500 µs of CPU,
 * half of it the library's encryption: a key agreement of its own for each message.
 */
function connect(connection: Connection<Credentials, Settings>, { resolve, ...options }: WebPushOptions): Sender {
  const { baseUrl, privateHosts = [] } = connection
  const guard = baseUrl === null ? { connect: openGuard({ privateHosts, httpsOnly: true }, resolve ? { resolve } : {}) } : {}
  const transport = openTransport({ ...options, ...guard })
  const authorize = openVapid(connection)
  return {
    async send(message) {
      const subscription = parsePushSubscription(message.address, privateHosts)
      if (subscription === null) return fault('INVALID_SUBSCRIPTION')
      const endpoint = new URL(subscription.endpoint)
      const url = baseUrl === null ? endpoint : new URL(endpoint.pathname + endpoint.search, baseUrl)
      const authorization = authorize(url.origin)
      if (authorization === null) return NO_PAIR
      const details = requestOf(message, subscription, authorization)
      if ('type' in details) return details
      const answer = await transport.exchange({ method: 'POST', url: url.href, ...details })
      if (answer.type === 'answer' && [200, 201, 202].includes(answer.status))
        return { type: 'ok', providerMessageId: receiptOf(answer.headers, message.id) }
      return classify(answer, FAILURES, (body) => ({ code: answer.type === 'answer' ? meaningOf(answer.status, body) : null, message: null }))
    },
    close: () => transport.close(),
  }
}

function meaningOf(status: number, body: string): string | null {
  if ((status === 400 || status === 401 || status === 403) && OTHER_KEYS.test(body)) return 'OTHER_KEYS'
  return STATUSES[status] ?? null
}

const fault = (code: keyof typeof FAILURES): SendOutcome => applyRule(code, FAILURES[code])
const NO_PAIR = applyRule('AUTH', { ...FAILURES.AUTH, message: 'The VAPID keys are no pair.' })

/** Where the message is at the push service (RFC 8030 §5), Apple's name for it, or ours where there is neither. */
function receiptOf(headers: Record<string, string>, messageId: string): string {
  return headers.location || headers['apns-id'] || messageId
}

const LONGEST_TTL = 28 * 86_400_000
const URGENCY = { VERY_LOW: 'very-low', LOW: 'low', NORMAL: 'normal', HIGH: 'high' } as const

function requestOf(
  message: OutgoingMessage,
  subscription: PushSubscription,
  authorization: string,
): { headers: Record<string, string>; body: Uint8Array } | SendOutcome {
  const content = message.content as unknown as WebPushContent
  const payload = webPushPayload(content, message.id)
  if (bytesOf(payload) > MOST_WEB_PUSH_BYTES) return fault('PAYLOAD_TOO_LARGE')
  const ttl = Math.min(content.ttl ? durationMillis(content.ttl) : LONGEST_TTL, message.usefulFor ?? LONGEST_TTL, LONGEST_TTL)
  try {
    const { headers, body } = webpush.generateRequestDetails(subscription, payload, {
      TTL: Math.ceil(ttl / 1_000),
      urgency: URGENCY[content.urgency ?? (message.purpose === 'TRANSACTIONAL' ? 'HIGH' : 'NORMAL')],
      topic: topicOf(content.topic || message.id),
      headers: { Authorization: authorization },
    })
    const { 'Content-Length': _, ...rest } = headers
    return { headers: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name.toLowerCase(), String(value)])), body }
  } catch {
    // All else was checked: the key is no point of the curve.
    return fault('INVALID_SUBSCRIPTION')
  }
}

/** At most 32 characters of base64url (RFC 8030 §5.4); the same for a repetition, which then takes the first one's place. */
function topicOf(topic: string): string {
  return createHash('sha256').update(topic).digest('base64url').slice(0, 32)
}

const TOKEN_LIFE = 12 * 3_600_000
const MOST_AUDIENCES = 500

/**
 * The Authorization header for a push service's origin, null where the keys are no pair. Signed anew after six of its
 * twelve hours, not for each message: that would take another 150 µs.
 */
function openVapid({ credentials: { privateKey }, settings }: Connection<Credentials, Settings>): (audience: string) => string | null {
  const { publicKey, subject } = settings
  const sound = isPair(privateKey, publicKey)
  const signed = new Map<string, { header: string; until: number }>()
  return (audience) => {
    if (!sound) return null
    const now = Date.now()
    const known = signed.get(audience)
    if (known !== undefined && known.until > now) return known.header
    if (signed.size >= MOST_AUDIENCES) signed.clear()
    const expiration = Math.floor((now + TOKEN_LIFE) / 1_000)
    const { Authorization: header } = webpush.getVapidHeaders(audience, subject, publicKey, privateKey, 'aes128gcm', expiration)
    signed.set(audience, { header, until: now + TOKEN_LIFE / 2 })
    return header
  }
}

function isPair(privateKey: string, publicKey: string): boolean {
  const curve = createECDH('prime256v1')
  try {
    curve.setPrivateKey(privateKey, 'base64url')
    return curve.getPublicKey('base64url') === publicKey
  } catch {
    return false
  }
}
