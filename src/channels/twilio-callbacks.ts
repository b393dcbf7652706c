import twilio from 'twilio'
import type { CallbackStatus, ProviderCallback } from '../domain/delivery.ts'
import { isLanedId } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import type { CallbackRequest } from './channel.ts'
import { failureReports } from './failures.ts'
import { twilioRule } from './twilio-codes.ts'

/** Connection overrides: repeat the callback five times, on any failure (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). */
export const RETRY_FRAGMENT = '#rc=5&rp=all'

/**
 * Whether Twilio signed this: base64 HMAC-SHA1 by the auth token over the URL and the sorted parameters, compared in
 * constant time by the SDK. The documents leave open whether the overrides' fragment is signed, and a fragment never
 * reaches a server, so the URL is tried without and with it: both texts are ours, so nothing is given away.
 */
export function verifyTwilio(request: CallbackRequest, authToken: string): boolean {
  const signature = request.headers['x-twilio-signature']
  if (signature === undefined || signature === '') return false
  try {
    const fields = readForm(request)
    return [request.url, request.url + RETRY_FRAGMENT].some((url) => twilio.validateRequest(authToken, signature, url, fields))
  } catch {
    return false
  }
}

/** A repeated parameter becomes a list, which the SDK's signature expects. No prototype: the names come from outside. */
function readForm(request: CallbackRequest): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  const parsed = new URLSearchParams(request.body.toString('utf8'))
  for (const name of new Set(parsed.keys())) {
    const values = parsed.getAll(name)
    fields[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return fields
}

/** Accepted and the like prove that a lost answer was a yes. `read` exists on richer channels only. */
const STATUSES: Readonly<Record<string, CallbackStatus>> = {
  accepted: 'PROCESSED',
  scheduled: 'PROCESSED',
  queued: 'PROCESSED',
  sending: 'PROCESSED',
  sent: 'SENT',
  delivered: 'DELIVERED',
  undelivered: 'FAILED',
  failed: 'FAILED',
  canceled: 'FAILED',
  read: 'OPENED',
}

/** An SMS: a status callback or an inbound message, which come to the same endpoint. */
export function parseTwilio(request: CallbackRequest): ProviderCallback[] {
  const statuses = parseStatus(request)
  if (statuses !== null) return statuses
  const fields = new URLSearchParams(request.body.toString('utf8'))
  const sid = sidOf(fields)
  const from = fields.get('From')
  const text = fields.get('Body')
  if (sid === null || from === null || text === null) return []
  const media = mediaOf(fields)
  return [
    {
      type: 'inbound',
      channel: 'sms',
      from,
      to: fields.get('To') ?? '',
      text,
      providerMessageId: sid,
      providerEventId: `${sid}:inbound`,
      at: Date.now(),
      ...(media === null ? {} : { properties: { kind: media.media.type, ...media } }),
    },
  ]
}

const MOST_MEDIA = 10

/** The files of an inbound message, the first apart, since there seldom is another; null where it has none. */
export function mediaOf(fields: URLSearchParams): { media: { type: string } & JsonObject; moreMedia?: JsonObject[] } | null {
  const all = Array.from({ length: Math.min(Number(fields.get('NumMedia')) || 0, MOST_MEDIA) }, (_, n) => ({
    type: /^(image|audio|video)\//.exec(fields.get(`MediaContentType${n}`) ?? '')?.[1] ?? 'document',
    url: fields.get(`MediaUrl${n}`),
    mimeType: fields.get(`MediaContentType${n}`),
  }))
  const [media, ...moreMedia] = all
  return media === undefined ? null : { media, ...(moreMedia.length > 0 ? { moreMedia } : {}) }
}

export function sidOf(fields: URLSearchParams): string | null {
  return fields.get('MessageSid') || fields.get('SmsSid') || null
}

/** What a status callback of any channel says; null for what is none. Only they have MessageStatus, and none bears a time of its own. */
export function parseStatus(request: CallbackRequest): ProviderCallback[] | null {
  const fields = new URLSearchParams(request.body.toString('utf8'))
  const status = fields.get('MessageStatus')
  const sid = sidOf(fields)
  if (status === null) return null
  const known = Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined
  return known === undefined || sid === null ? [] : statusCallbacks(request, { sid, status, known, code: fields.get('ErrorCode'), at: Date.now() })
}

function statusCallbacks(
  request: CallbackRequest,
  { sid, status, known, code, at }: { sid: string; status: string; known: CallbackStatus; code: string | null; at: number },
): ProviderCallback[] {
  const query = URL.canParse(request.url) ? new URL(request.url).searchParams : null
  const id = query?.get('message') ?? null
  // Named by channels whose messages may be sent once more: each attempt is a message of its own at Twilio.
  const attempt = /^[1-9]\d{0,3}$/.test(query?.get('attempt') ?? '') ? Number(query?.get('attempt')) : undefined
  const base = {
    type: 'status' as const,
    messageId: id !== null && isLanedId(id) ? id : null,
    providerMessageId: sid,
    providerEventId: `${sid}:${status}`,
    status: known,
    human: true,
    at,
    ...(attempt === undefined ? {} : { attempt }),
  }
  return code && known === 'FAILED' ? failureReports(base, code, twilioRule(code)) : [base]
}
