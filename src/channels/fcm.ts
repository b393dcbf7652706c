import { randomUUID } from 'node:crypto'
import { deleteApp, initializeApp } from 'firebase-admin/app'
import { getMessaging, type Messaging } from 'firebase-admin/messaging'
import { bytesOf } from '../domain/content/payload.ts'
import { MOST_PUSH_BYTES } from '../domain/content/push.ts'
import { type Infer, object, text } from '../domain/shape.ts'
import { ThroughlineError } from '../errors.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import { applyRule, classifyThrown, type FailureTable, type ProviderFault } from './failures.ts'
import { fcmMessage } from './fcm-message.ts'
import { openTokens } from './fcm-token.ts'
import { ExchangeError, openTransport, type TransportOptions } from './http.ts'

const CREDENTIALS = object({
  projectId: text({ title: 'Project', pattern: /^[a-z0-9-]{4,60}$/ }),
  clientEmail: text({ title: "The service account's email", max: 320 }),
  privateKey: text({ title: "The service account's private key", description: 'PEM, as in the JSON file Google gives.', max: 10_000 }),
})
const SETTINGS = object({})
type Credentials = Infer<typeof CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

const PROVIDER_URL = 'https://fcm.googleapis.com'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

/**
 * FcmError codes, else the status of the error: https://firebase.google.com/docs/cloud-messaging/error-codes.
 * UNAVAILABLE is ambiguous by itself, since a proxy answers 503 for a back end that took the message; with a
 * Retry-After it is FCM turning the request away, and is repeated then. Should both be wrong, the same tag and
 * collapse id make the second notification replace the first.
 */
const FAILURES: FailureTable = {
  UNREGISTERED: { as: 'permanent', message: 'The app is no longer installed on this device.', identity: 'UNREGISTERED' },
  SENDER_ID_MISMATCH: { as: 'permanent', message: 'The token belongs to another Firebase project.', identity: 'INVALID' },
  'INVALID_ARGUMENT message.token': { as: 'permanent', message: 'The token is malformed.', identity: 'INVALID' },
  INVALID_ARGUMENT: { as: 'permanent', message: 'FCM refused the payload.' },
  NOT_FOUND: { as: 'permanent', message: 'FCM does not know the project.' },
  QUOTA_EXCEEDED: { as: 'retry', message: "FCM's sending quota is used up.", retryAfter: 60_000 },
  RESOURCE_EXHAUSTED: { as: 'retry', message: "FCM's sending quota is used up.", retryAfter: 60_000 },
  UNAVAILABLE: { as: 'ambiguous', message: 'FCM is overloaded.', retryWhenTold: true },
  INTERNAL: { as: 'ambiguous', message: 'FCM failed.' },
  THIRD_PARTY_AUTH_ERROR: { as: 'retry', message: "Apple refused the project's APNs key.", retryAfter: 60_000 },
}

/** Seen before it is sent: FCM would call it INVALID_ARGUMENT, as it does all else. */
const TOO_LARGE = applyRule('PAYLOAD_TOO_LARGE', { as: 'permanent', message: `The payload is larger than ${MOST_PUSH_BYTES} bytes.` })

/** Mobile push through Firebase Cloud Messaging's HTTP v1. It does not call back: the app reports opens. 30 µs of CPU a send against the sandbox. */
export function fcm(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'push',
    provider: 'fcm',
    title: 'Firebase Cloud Messaging',
    credentials: CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
  }
}

interface SdkRequest {
  url: string
  data: unknown
  headers: Record<string, string>
}

function connect(connection: Connection<Credentials, Settings>, options: TransportOptions): Sender {
  const transport = openTransport(options)
  const baseUrl = connection.baseUrl?.replace(/\/$/, '') ?? null
  const tokens = openTokens(transport, connection.credentials, baseUrl === null ? TOKEN_URL : `${baseUrl}/token`)
  const app = initializeApp(
    {
      projectId: connection.credentials.projectId,
      credential: { getAccessToken: async () => ({ access_token: await tokens.get(), expires_in: 3_600 }) },
    },
    // Names are global to the process, and a connection is opened again when its credentials change.
    `${connection.id}/${randomUUID()}`,
  )
  const messaging = getMessaging(app)
  useTransport(messaging, async ({ url, data, headers }) => {
    const body = JSON.stringify(data)
    if (!isCarried(body, data)) throw new ThroughlineError('LIMIT_EXCEEDED')
    const answer = await transport.exchange({
      method: 'POST',
      url: baseUrl === null ? url : url.replace(PROVIDER_URL, baseUrl),
      headers: { ...headers, 'content-type': 'application/json', authorization: `Bearer ${await tokens.get()}` },
      body,
    })
    if (answer.type === 'answer' && answer.status === 401) tokens.forget()
    if (answer.type !== 'answer' || answer.status !== 200) throw new ExchangeError(answer)
    try {
      return { status: answer.status, headers: answer.headers, text: answer.body, data: JSON.parse(answer.body) as unknown, isJson: () => true }
    } catch {
      throw new ExchangeError({ type: 'unanswered', code: 'UNREADABLE', message: 'The answer is no JSON.' })
    }
  })
  return {
    async send(message) {
      try {
        const name: unknown = await messaging.send(fcmMessage(message, Date.now()))
        if (typeof name === 'string' && name !== '') return { type: 'ok', providerMessageId: name }
        return { type: 'ambiguous', code: 'UNREADABLE', message: 'The answer names no message.' }
      } catch (error) {
        if (error instanceof ThroughlineError && error.code === 'LIMIT_EXCEEDED') return TOO_LARGE
        return classifyThrown(error, FAILURES, readFault)
      }
    },
    async close() {
      await Promise.all([transport.close(), deleteApp(app)])
    },
  }
}

/**
 * Puts our transport in place of the SDK's HTTP client, which has neither an endpoint option nor a public way to turn
 * off its retries: on a 503 or a reset one `send` makes up to five POSTs. The members are private, so an update of the
 * SDK that renames them is noticed here, at connect, instead of by duplicates in production.
 */
function useTransport(messaging: Messaging, send: (request: SdkRequest) => Promise<unknown>): void {
  const handler = (messaging as unknown as { messagingRequestHandler?: { httpClient?: { send?: unknown } } }).messagingRequestHandler
  if (typeof handler?.httpClient?.send !== 'function') {
    throw new ThroughlineError('INTERNAL', 'firebase-admin keeps its HTTP client elsewhere now.')
  }
  handler.httpClient = { send }
}

/** Whether FCM carries a request: all of the message counts but its token. */
function isCarried(body: string, data: unknown): boolean {
  if (bytesOf(body) <= MOST_PUSH_BYTES) return true
  const { token: _, ...payload } = (data as { message?: { token?: string } }).message ?? {}
  return bytesOf(JSON.stringify(payload)) <= MOST_PUSH_BYTES
}

interface ErrorBody {
  error?: { status?: unknown; message?: unknown; details?: { errorCode?: unknown; fieldViolations?: { field?: unknown }[] }[] }
}

function readFault(body: string): ProviderFault {
  try {
    const error = (JSON.parse(body) as ErrorBody | null)?.error
    const details = Array.isArray(error?.details) ? error.details : []
    const code = details.find((each) => typeof each.errorCode === 'string')?.errorCode ?? error?.status
    const message = typeof error?.message === 'string' ? error.message : null
    const fields = details.flatMap((each) => (Array.isArray(each.fieldViolations) ? each.fieldViolations.map(({ field }) => field) : []))
    // A token is dropped only where the fault is said to be in it: the same code stands for a payload of ours. Of a malformed
    // token FCM names no field, so that its words have to tell.
    const inToken = fields.length > 0 ? fields.includes('message.token') : /registration token is not/i.test(message ?? '')
    return { code: typeof code === 'string' ? (code === 'INVALID_ARGUMENT' && inToken ? `${code} message.token` : authless(code)) : null, message }
  } catch {
    return { code: null, message: null }
  }
}

/** These say no more than their HTTP status, by which they are classed. */
function authless(code: string): string | null {
  return code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED' ? null : code
}
