import { createHmac, randomUUID, timingSafeEqual, verify } from 'node:crypto'
import { isObject, parseObject } from '../domain/json.ts'
import { SERVICE_ACCOUNT_PUBLIC_KEY } from './accounts.ts'
import type { Answer } from './faults.ts'
import { json, type SandboxRequest, type StandIn, type Verdict, type World } from './stand-in.ts'

const ROUTE = /^\/v1\/projects\/([a-z0-9-]+)\/messages:send$/
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
/** Real tokens have some 150 characters; shorter ones are let through, so that a person can read a demo's. */
const TOKEN = /^[\w:.-]{8,4096}$/
const MOST_BYTES = 4_096
const LIFETIME = 3_600

/**
 * FCM's HTTP v1 and Google's token endpoint: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages.
 * Tokens that begin with `unregistered`, `mismatch` or `invalid` are refused as their names say. It never calls back:
 * what a phone does with a push is told by the app.
 */
export function fcmStandIn(world: World): StandIn {
  return {
    provider: 'fcm',
    isSend: (method, path) => method === 'POST' && ROUTE.test(path),
    other: (request) => (request.method === 'POST' && request.path === '/token' ? grant(request, world.now()) : null),
    send(request) {
      const project = ROUTE.exec(request.path)?.[1] ?? ''
      const message = parse(request)
      const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      if (!isAccessToken(bearer, project, world.now())) {
        return refusal(project, message, { status: 401, name: 'UNAUTHENTICATED', text: 'Request had invalid authentication credentials.' })
      }
      const fault = check(message)
      if (fault || message === null) return refusal(project, message, fault ?? badRequest('message', 'Recipient of the message is not set.'))
      const name = `projects/${project}/messages/0:${world.now()}%${randomUUID().slice(0, 16)}`
      const notification = isObject(message.notification) ? message.notification : {}
      return {
        answer: json(200, { name }),
        entry: {
          account: project,
          messageId: ourId(message),
          providerMessageId: name,
          to: String(message.token),
          subject: String(notification.title ?? ''),
          text: String(notification.body ?? ''),
        },
      }
    },
  }
}

interface Refusal {
  status: number
  /** google.rpc.Code */
  name: string
  text: string
  /** FcmError */
  code?: string
  /** google.rpc.BadRequest */
  field?: string
}

/** A value that is none, by the field it is in. */
function badRequest(field: string, text: string): Refusal {
  return { status: 400, name: 'INVALID_ARGUMENT', field, text }
}

/** Of a token FCM says so in words alone: https://firebase.google.com/docs/cloud-messaging/error-codes. */
const BAD_TOKEN: Refusal = {
  status: 400,
  name: 'INVALID_ARGUMENT',
  code: 'INVALID_ARGUMENT',
  text: 'The registration token is not a valid FCM registration token',
}

function check(message: Record<string, unknown> | null): Refusal | null {
  const token = message?.token
  if (message === null || typeof token !== 'string') return badRequest('message', 'Recipient of the message is not set.')
  if (!TOKEN.test(token) || token.startsWith('invalid')) return BAD_TOKEN
  if (token.startsWith('unregistered')) return { status: 404, name: 'NOT_FOUND', code: 'UNREGISTERED', text: 'Requested entity was not found.' }
  if (token.startsWith('mismatch')) return { status: 403, name: 'PERMISSION_DENIED', code: 'SENDER_ID_MISMATCH', text: 'SenderId mismatch' }
  const data = isObject(message.data) ? message.data : {}
  const reserved = Object.keys(data).find((key) => key === 'from' || key === 'message_type' || key.startsWith('google.') || key.startsWith('gcm.'))
  if (reserved !== undefined) return badRequest('message.data', `Invalid data payload key: ${reserved}`)
  if (Object.values(data).some((value) => typeof value !== 'string')) return badRequest('message.data', 'Invalid value (TYPE_STRING)')
  const ttl = isObject(message.android) ? message.android.ttl : undefined
  if (ttl !== undefined && (typeof ttl !== 'string' || !/^\d+(\.\d{1,9})?s$/.test(ttl))) return badRequest('message.android.ttl', 'Invalid duration')
  const fault = apnsFault(message.apns)
  if (fault !== null) return badRequest('message.apns', fault)
  const collapse = isObject(message.apns) && isObject(message.apns.headers) ? message.apns.headers['apns-collapse-id'] : undefined
  if (typeof collapse === 'string' && Buffer.byteLength(collapse) > 64)
    return badRequest('message.apns.headers', 'apns-collapse-id is longer than 64 bytes')
  const { token: _, ...payload } = message
  return Buffer.byteLength(JSON.stringify(payload)) > MOST_BYTES ? badRequest('message', 'Message too big') : null
}

/** What APNs would refuse: https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns */
function apnsFault(apns: unknown): string | null {
  if (!isObject(apns)) return null
  const { headers, payload } = apns
  const aps = isObject(payload) && isObject(payload.aps) ? payload.aps : {}
  const priority = isObject(headers) ? headers['apns-priority'] : undefined
  const expiration = isObject(headers) ? headers['apns-expiration'] : undefined
  if (priority !== undefined && priority !== '5' && priority !== '10') return 'BadPriority'
  if (expiration !== undefined && !/^\d+$/.test(String(expiration))) return 'BadExpirationDate'
  if (aps.badge !== undefined && !Number.isInteger(aps.badge)) return 'badge must be an integer'
  const level = aps['interruption-level']
  return level === undefined || ['passive', 'active', 'time-sensitive', 'critical'].includes(String(level)) ? null : 'interruption-level'
}

function refusal(project: string, message: Record<string, unknown> | null, { status, name, text, code, field }: Refusal): Verdict {
  const details = [
    ...(code ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }] : []),
    ...(field ? [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description: text }] }] : []),
  ]
  return {
    answer: json(status, { error: { code: status, message: text, status: name, details } }),
    entry: {
      account: project,
      code: code ?? name,
      messageId: message && ourId(message),
      providerMessageId: null,
      to: typeof message?.token === 'string' ? message.token : null,
    },
  }
}

function parse(request: SandboxRequest): Record<string, unknown> | null {
  const message = parseObject(request.body)?.message
  return isObject(message) ? message : null
}

function ourId(message: Record<string, unknown>): string | null {
  const id = isObject(message.data) ? message.data.throughline_message : undefined
  return typeof id === 'string' ? id : null
}

/** RFC 7523 §2.1: an access token for a JWT signed by the project's service account. */
function grant(request: SandboxRequest, now: number): Answer {
  const fields = new URLSearchParams(request.body)
  const project = fields.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' ? grantee(fields.get('assertion') ?? '', now) : null
  if (project === null) return json(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' })
  return json(200, { access_token: accessToken(project, Math.floor(now / 1_000) + LIFETIME), expires_in: LIFETIME - 1, token_type: 'Bearer' })
}

/** The project a sound assertion speaks for; null for any other. */
function grantee(assertion: string, now: number): string | null {
  const [head, claims, signature, ...rest] = assertion.split('.')
  if (!head || !claims || !signature || rest.length > 0) return null
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), SERVICE_ACCOUNT_PUBLIC_KEY, Buffer.from(signature, 'base64url'))) return null
  try {
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown }
    const { iss, scope, aud, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    const sound = header.alg === 'RS256' && scope === SCOPE && String(aud).endsWith('/token') && typeof exp === 'number' && exp * 1_000 > now
    return sound ? (/^[^@]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(String(iss))?.[1] ?? null) : null
  } catch {
    return null
  }
}

/** Signed by nothing but the sandbox's name, and so good across its restarts, as Google's are. */
function accessToken(project: string, until: number): string {
  return `ya29.${project}.${until}.${createHmac('sha256', 'throughline sandbox').update(`${project} ${until}`).digest('base64url')}`
}

function isAccessToken(token: string, project: string, now: number): boolean {
  const until = Number(token.split('.')[2])
  if (!Number.isInteger(until) || until * 1_000 < now) return false
  const expected = Buffer.from(accessToken(project, until))
  const given = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
