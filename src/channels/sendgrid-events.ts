import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CallbackStatus, ProviderCallback } from '../domain/delivery.ts'
import { isLanedId } from '../domain/ids.ts'
import { isObject } from '../domain/json.ts'
import type { CallbackRequest } from './channel.ts'
import { scrub } from './failures.ts'

/** The custom argument our message id travels in. */
export const MESSAGE_ARGUMENT = 'throughline_message'

const SIGNATURE = 'x-twilio-email-event-webhook-signature'
const TIMESTAMP = 'x-twilio-email-event-webhook-timestamp'

/**
 * How old a signed request may be. SendGrid documents no tolerance, and repeats for a day what was not answered with 2xx
 * (https://docs.sendgrid.com/for-developers/tracking-events/troubleshooting) without saying whether it signs anew: less would
 * lose what came while we were away. A recorded request does nothing meanwhile: `sg_event_id` is remembered for seven days.
 */
const OLDEST = 25 * 3_600_000
/** Into the future it is a clock's error. */
const NEWEST = 10 * 60_000

const keys = new Map<string, KeyObject>()

function publicKey(base64: string): KeyObject {
  const known = keys.get(base64)
  if (known) return known
  const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' })
  if (keys.size >= 1_000) keys.clear()
  keys.set(base64, key)
  return key
}

/**
 * Whether SendGrid signed this: ECDSA on P-256 over the timestamp header followed by the raw body. node:crypto takes
 * 0.15 ms; the vendor's own verifier takes 20 and throws on malformed signatures.
 */
export function verifyEvents(request: CallbackRequest, webhookPublicKey: string): boolean {
  const signature = request.headers[SIGNATURE]
  const timestamp = request.headers[TIMESTAMP]
  if (signature === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false
  const age = Date.now() - Number(timestamp) * 1_000
  if (age > OLDEST || age < -NEWEST) return false
  const bytes = Buffer.from(signature, 'base64')
  // Node skips what is not base64, so many texts would name one signature: only the canonical one is taken.
  if (bytes.toString('base64') !== signature) return false
  try {
    return verify('sha256', Buffer.concat([Buffer.from(timestamp), request.body]), { key: publicKey(webhookPublicKey), dsaEncoding: 'der' }, bytes)
  } catch {
    return false
  }
}

const STATUSES: Readonly<Record<string, CallbackStatus>> = {
  processed: 'PROCESSED',
  deferred: 'DEFERRED',
  delivered: 'DELIVERED',
  bounce: 'BOUNCED',
  blocked: 'FAILED',
  dropped: 'FAILED',
  open: 'OPENED',
  click: 'CLICKED',
  spamreport: 'COMPLAINED',
  unsubscribe: 'UNSUBSCRIBED',
  group_unsubscribe: 'UNSUBSCRIBED',
}

/** Events of a verified request. What is no event, has no id or is of an unknown kind is left out. */
export function parseEvents(request: CallbackRequest): ProviderCallback[] {
  let events: unknown
  try {
    events = JSON.parse(request.body.toString('utf8'))
  } catch {
    return []
  }
  return Array.isArray(events) ? events.flatMap(parseEvent) : []
}

function parseEvent(event: unknown): ProviderCallback[] {
  if (!isObject(event)) return []
  const name = word(event.event)
  // A block is the receiving server's refusal of this mail or of us, not of the address; it comes as a kind of bounce.
  const kind = name === 'bounce' && event.type === 'blocked' ? 'blocked' : name
  const status = kind !== null && Object.hasOwn(STATUSES, kind) ? STATUSES[kind] : undefined
  const providerEventId = word(event.sg_event_id)
  if (status === undefined || providerEventId === null) return []
  const reason = word(event.reason) ?? word(event.response)
  const messageId = word(event[MESSAGE_ARGUMENT])
  const code = kind === 'blocked' ? 'blocked' : (word(event.status) ?? (kind === 'dropped' ? 'dropped' : null))
  const url = word(event.url)
  const identity = kind === 'dropped' ? droppedIdentity(reason) : kind === 'bounce' ? 'BOUNCED' : null
  const told: Extract<ProviderCallback, { type: 'status' }> = {
    type: 'status',
    messageId: messageId !== null && isLanedId(messageId) ? messageId : null,
    // `<x-message-id>.<server>…`: the answer to the send gave the part before the first dot.
    providerMessageId: word(event.sg_message_id)?.split('.', 1)[0] ?? null,
    providerEventId,
    status,
    human: event.sg_machine_open !== true,
    at: typeof event.timestamp === 'number' && Number.isFinite(event.timestamp) ? event.timestamp * 1_000 : Date.now(),
    ...(code === null ? {} : { code }),
    ...(reason === null ? {} : { detail: scrub(reason) }),
    ...(url === null ? {} : { url }),
    ...(identity === null ? {} : { identity }),
  }
  const wish = kind === 'dropped' ? droppedWish(reason) : null
  return wish === null ? [told] : [told, { ...told, status: wish, providerEventId: `${providerEventId}:optout` }]
}

/**
 * SendGrid drops what its own suppression lists name; of its reasons
 * (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event) only these are about the address: «Invalid SMTPAPI
 * header» is about us.
 */
function droppedIdentity(reason: string | null): 'BOUNCED' | 'INVALID' | null {
  if (reason === null) return null
  if (/^bounced/i.test(reason)) return 'BOUNCED'
  return /^invalid(?! smtpapi)/i.test(reason) ? 'INVALID' : null
}

/** What the person has told SendGrid before, and we did not know. */
function droppedWish(reason: string | null): 'UNSUBSCRIBED' | 'COMPLAINED' | null {
  if (reason === null) return null
  if (/^unsubscribed/i.test(reason)) return 'UNSUBSCRIBED'
  return /^spam reporting/i.test(reason) ? 'COMPLAINED' : null
}

function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
