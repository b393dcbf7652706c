import { randomUUID } from 'node:crypto'
import { isObject, type JsonObject, parseObject } from '../domain/json.ts'
import { json, type SandboxRequest, type StandIn, type Verdict, type World } from './stand-in.ts'
import { markOf, type Receiver, readEndpoint, receiverOf, sandboxSubscription } from './web-push-accounts.ts'
import { decryptWebPush, readVapid } from './web-push-crypto.ts'

const MOST_BYTES = 4_096
/** As Google's push service says it. */
const OTHER_KEYS = 'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n'

/**
 * A push service (RFC 8030) and the browsers that subscribe at it. `POST /web-push/subscriptions` with
 * `{ applicationServerKey, name? }` answers what `pushManager.subscribe` would; `DELETE` of an endpoint is `unsubscribe`. Unlike a
 * real one it knows its browsers' keys, and so reads what it carries: what a phone would show stands in the log.
 */
export function webPushStandIn(world: World): StandIn {
  const gone = new Set<string>()
  return {
    provider: 'webpush',
    isSend: (method, path) => method === 'POST' && readEndpoint(path) !== null,
    other(request) {
      if (request.method === 'POST' && request.path === '/web-push/subscriptions') return subscribe(request)
      const endpoint = request.method === 'DELETE' ? readEndpoint(request.path) : null
      if (endpoint === null) return null
      gone.add(request.path)
      return { status: 204, body: '' }
    },
    send(request) {
      const { name = '', mark = '' } = readEndpoint(request.path) ?? {}
      const receiver = receiverOf(name)
      const shown = show(request, receiver)
      const vapid = readVapid(request.headers.authorization, originOf(request), world.now())
      const account = 'key' in vapid ? vapid.key : null
      const refused = (status: number, code: string, words?: string): Verdict => ({
        answer: words === undefined ? json(status, { code: status, message: code }) : { status, body: words },
        entry: { account, code, messageId: shown?.messageId ?? null, providerMessageId: null, to: name },
      })
      if ('fault' in vapid) return refused(request.headers.authorization === undefined ? 401 : 403, `VAPID ${vapid.fault}`)
      if (markOf(name, vapid.key) !== mark) return refused(403, 'VAPID key', OTHER_KEYS)
      if (gone.has(request.path) || name.startsWith('unregistered')) return refused(410, 'GONE')
      if (request.bytes.length > MOST_BYTES) return refused(413, 'TOO_LARGE')
      const fault = faultIn(request)
      if (fault !== null) return refused(400, fault)
      if (shown === null) return refused(400, 'UNREADABLE')
      const location = `${originOf(request)}/web-push/receipts/${randomUUID()}`
      const { ttl, urgency, topic } = request.headers
      return {
        answer: { status: 201, headers: { location, ttl: String(ttl) }, body: '' },
        entry: {
          account,
          ...shown,
          providerMessageId: location,
          to: name,
          headers: { ttl: String(ttl), ...(urgency ? { urgency: String(urgency) } : {}), ...(topic ? { topic: String(topic) } : {}) },
        },
      }
    },
  }
}

/** The sandbox speaks http: an audience of https is another service's. */
function originOf(request: SandboxRequest): string {
  return `http://${request.headers.host ?? ''}`
}

function subscribe(request: SandboxRequest) {
  const body = parseObject(request.body)
  const { applicationServerKey: key, name = randomUUID() } = body ?? {}
  if (typeof key !== 'string' || !/^[\w-]{87}$/.test(key)) return json(400, { message: 'applicationServerKey must be 65 bytes as base64url' })
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) return json(400, { message: 'name must match [A-Za-z0-9_-]{1,64}' })
  return json(201, sandboxSubscription(name, key, originOf(request)))
}

/** RFC 8030 §5.2 to §5.4, RFC 8291 §4. */
function faultIn({ headers }: SandboxRequest): string | null {
  if (!/^\d{1,10}$/.test(String(headers.ttl ?? ''))) return 'TTL'
  if (headers.urgency !== undefined && !/^(very-low|low|normal|high)$/.test(String(headers.urgency))) return 'URGENCY'
  if (headers.topic !== undefined && !/^[\w-]{1,32}$/.test(String(headers.topic))) return 'TOPIC'
  return headers['content-encoding'] === 'aes128gcm' ? null : 'CONTENT_ENCODING'
}

/** What the page's service worker gets; null where the browser would drop the message. */
function show(request: SandboxRequest, receiver: Receiver): { messageId: string | null; subject: string; text: string; payload: JsonObject } | null {
  const plain = decryptWebPush(request.bytes, receiver)
  const payload = plain === null ? null : parseObject(plain)
  if (payload === null) return null
  const id = isObject(payload.data) ? payload.data.throughline_message : undefined
  return { messageId: typeof id === 'string' ? id : null, subject: String(payload.title ?? ''), text: String(payload.body ?? ''), payload }
}
