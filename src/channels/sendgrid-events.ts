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
 * How old a signed request may be. SendGrid documents no tolerance; ten minutes bounds what a recorded request is
 * good for, and repetitions inside it are recognised by `sg_event_id`. A request from the future is as suspect.
 */
const TOLERANCE = 10 * 60_000

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
  if (Math.abs(Date.now() - Number(timestamp) * 1_000) > TOLERANCE) return false
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
  return Array.isArray(events) ? events.flatMap((event) => parseEvent(event) ?? []) : []
}

function parseEvent(event: unknown): ProviderCallback | null {
  if (!isObject(event)) return null
  const name = word(event.event)
  // A block is the receiving server's refusal of this mail or of us, not of the address; it comes as a kind of bounce.
  const kind = name === 'bounce' && event.type === 'blocked' ? 'blocked' : name
  const status = kind !== null && Object.hasOwn(STATUSES, kind) ? STATUSES[kind] : undefined
  const providerEventId = word(event.sg_event_id)
  if (status === undefined || providerEventId === null) return null
  const reason = word(event.reason) ?? word(event.response)
  const messageId = word(event[MESSAGE_ARGUMENT])
  const code = kind === 'blocked' ? 'blocked' : (word(event.status) ?? (kind === 'dropped' ? 'dropped' : null))
  const url = word(event.url)
  const identity = kind === 'dropped' ? droppedIdentity(reason) : kind === 'bounce' ? 'BOUNCED' : null
  return {
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
}

/** SendGrid drops what its own suppression lists name; only these reasons are about the address. */
function droppedIdentity(reason: string | null): 'BOUNCED' | 'INVALID' | null {
  if (reason === null) return null
  if (/bounced/i.test(reason)) return 'BOUNCED'
  return /invalid/i.test(reason) ? 'INVALID' : null
}

function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
