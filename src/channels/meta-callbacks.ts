import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CallbackStatus, ProviderCallback } from '../domain/delivery.ts'
import { isLanedId } from '../domain/ids.ts'
import { isObject, type JsonObject, objectsOf, parseObject } from '../domain/json.ts'
import { templateStatus } from '../domain/whatsapp-template.ts'
import type { CallbackRequest } from './channel.ts'
import { failureReports } from './failures.ts'
import { metaRule } from './meta-codes.ts'
import { inboundOf } from './meta-inbound.ts'

/** Whether Meta signed these bytes with the app's secret: https://developers.facebook.com/docs/graph-api/webhooks/getting-started. */
export function verifyMeta(request: CallbackRequest, appSecret: string): boolean {
  const given = Buffer.from(request.headers['x-hub-signature-256'] ?? '')
  const expected = Buffer.from(`sha256=${createHmac('sha256', appSecret).update(request.body).digest('hex')}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The challenge of whoever knows the verify token; compared as hashes, which are of one length whatever is given. */
export function answerChallenge(query: URLSearchParams, verifyToken: string): string | null {
  const digest = (text: string) => createHmac('sha256', 'verify token').update(text).digest()
  const known = timingSafeEqual(digest(query.get('hub.verify_token') ?? ''), digest(verifyToken))
  return known && query.get('hub.mode') === 'subscribe' ? query.get('hub.challenge') : null
}

/** What of a webhook concerns this connection's number: an app's other numbers and accounts may come to the same address. */
export interface MetaNumber {
  phoneNumberId: string
  businessAccountId: string
}

/** Statuses, inbound messages, people's preferences and template reviews: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components. */
export function parseMeta(request: CallbackRequest, number: MetaNumber): ProviderCallback[] {
  return entriesOf(request.body).flatMap((entry) => {
    const at = secondsToMillis(entry.time)
    return objectsOf(entry.changes).flatMap((change) => {
      const value = isObject(change.value) ? change.value : {}
      if (change.field === 'message_template_status_update') return entry.id === number.businessAccountId ? templateReview(value, at) : []
      if (change.field === 'template_category_update') return entry.id === number.businessAccountId ? recategorised(value, at) : []
      if (!isObject(value.metadata) || value.metadata.phone_number_id !== number.phoneNumberId) return []
      if (change.field === 'user_preferences') return objectsOf(value.user_preferences).flatMap(preferenceOf)
      if (change.field !== 'messages') return []
      const to = `+${String(value.metadata.display_phone_number ?? '').replace(/\D/g, '')}`
      return [
        ...objectsOf(value.statuses).flatMap(statusOf),
        ...objectsOf(value.messages).flatMap((message) => inboundOf(message, to, objectsOf(value.contacts), secondsToMillis(message.timestamp))),
      ]
    })
  })
}

function entriesOf(body: Buffer): JsonObject[] {
  // Meta writes ids of templates as numbers, and some have more digits than a number keeps.
  const parsed = parseObject(body.toString('utf8').replace(/("message_template_id"\s*:\s*)(\d{16,})/g, '$1"$2"'))
  return parsed?.object === 'whatsapp_business_account' ? objectsOf(parsed.entry) : []
}

/** Meta's instants are whole seconds, as text or as numbers. */
function secondsToMillis(value: unknown): number {
  const seconds = Number(value ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 && seconds < 1e11 ? seconds * 1_000 : Date.now()
}

const STATUSES: Readonly<Record<string, CallbackStatus>> = { sent: 'SENT', delivered: 'DELIVERED', read: 'OPENED', failed: 'FAILED' }

function statusOf(given: JsonObject): ProviderCallback[] {
  const { id: wamid, status, biz_opaque_callback_data: ours } = given
  const known = typeof status === 'string' && Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined
  if (typeof wamid !== 'string' || wamid === '' || known === undefined) return []
  const [, id = '', attempt] = /^(\S+)(?: ([1-9]\d{0,3}))?$/.exec(typeof ours === 'string' ? ours : '') ?? []
  const base = {
    type: 'status' as const,
    messageId: isLanedId(id) ? id : null,
    providerMessageId: wamid,
    providerEventId: `${wamid}:${String(status)}`,
    status: known,
    human: true,
    at: secondsToMillis(given.timestamp),
    ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
  }
  const [error] = objectsOf(given.errors)
  if (error === undefined || known !== 'FAILED') return [base]
  const code = String(error.code)
  return failureReports(base, code, metaRule(code))
}

const PREFERENCES: Readonly<Record<string, 'GRANTED' | 'WITHDRAWN'>> = { stop: 'WITHDRAWN', resume: 'GRANTED' }

/**
 * «Offers and announcements» turned off or on again in WhatsApp itself; Meta then turns promotions away whatever we think:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/user_preferences.
 */
function preferenceOf({ wa_id: waId, user_id: userId, category, value, timestamp }: JsonObject): ProviderCallback[] {
  const state = typeof value === 'string' && Object.hasOwn(PREFERENCES, value) ? PREFERENCES[value] : undefined
  const who = typeof waId === 'string' && waId !== '' ? waId : userId
  if (typeof who !== 'string' || category !== 'marketing_messages' || state === undefined) return []
  const providerEventId = `${who}:${String(value)}:${String(timestamp)}`
  // Some time in that second: what we were told in it before is not to outlive it.
  const at = Math.min(secondsToMillis(timestamp) + 999, Date.now())
  return [{ type: 'preference', channel: 'whatsapp', from: who === waId ? `+${who}` : who, state, providerEventId, at }]
}

/** A change announced for later has `correct_category` instead of `previous_category`, and comes again when it is made. */
function recategorised(value: JsonObject, at: number): ProviderCallback[] {
  const { message_template_id: id, previous_category: from, new_category: category } = value
  if (typeof from !== 'string' || typeof category !== 'string' || (typeof id !== 'number' && typeof id !== 'string')) return []
  const providerEventId = `template:${id}:${category}:${at}`
  return [{ type: 'template_category', providerEventId, providerId: String(id), from: from.toUpperCase(), category: category.toUpperCase(), at }]
}

function templateReview(value: JsonObject, at: number): ProviderCallback[] {
  const { event, message_template_id: id, reason } = value
  if (typeof event !== 'string' || (typeof id !== 'number' && typeof id !== 'string')) return []
  const words = typeof reason === 'string' && reason !== 'NONE' ? reason : null
  return [
    {
      type: 'template',
      providerEventId: `template:${id}:${event}:${at}`,
      providerId: String(id),
      status: templateStatus(event),
      reason: words,
      at,
    },
  ]
}
