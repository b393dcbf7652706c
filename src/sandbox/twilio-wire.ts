import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { JsonObject } from '../domain/json.ts'
import { authTokenOf, type SandboxProvider } from './accounts.ts'
import type { Answer } from './faults.ts'
import { json, type SandboxRequest, type Verdict, type World } from './stand-in.ts'

/** The Messages resource, whatever the channel: https://www.twilio.com/docs/messaging/api/message-resource. */
export const MESSAGES_ROUTE = /^\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})\/Messages\.json$/
/** Kept for look-ups. */
const KEPT = 20_000

export interface TwilioMessage {
  account: string
  sid: string
  to: string
  from: string
  body: string
  media: number
  status: string
  errorCode: number | null
  created: number
  sent: number | null
  statusCallback: string | null
}

/** What was accepted lately, for look-ups. */
export interface TwilioBook {
  keep(message: TwilioMessage): void
  /** The answer to GET Messages.json. */
  list(request: SandboxRequest): Answer
}

export function openBook(): TwilioBook {
  let kept: TwilioMessage[] = []
  return {
    keep(message) {
      kept.push(message)
      if (kept.length > KEPT * 2) kept = kept.slice(-KEPT)
    },
    list(request) {
      const account = authorised(request)
      if (account === null) return json(401, errorBody(401, 20003, 'Authenticate'))
      const to = request.query.get('To')
      const after = Date.parse(request.query.get('DateSent>') ?? '') || 0
      const size = Math.min(Number(request.query.get('PageSize') ?? 50) || 50, 1_000)
      const found = kept.filter((sms) => sms.account === account && (to === null || sms.to === to) && (sms.sent ?? sms.created) >= after)
      const messages = found.slice(-size).reverse().map(resource)
      return json(200, {
        messages,
        page: 0,
        page_size: size,
        start: 0,
        end: messages.length,
        next_page_uri: null,
        first_page_uri: request.path,
        uri: request.path,
      })
    },
  }
}

/** A message as it stands when it is accepted; `from` serves where the request names a messaging service. */
export function queued(world: World, account: string, fields: URLSearchParams, { from, body }: { from: string; body: string }): TwilioMessage {
  return {
    account,
    sid: newSid(),
    to: fields.get('To') ?? '',
    from: fields.get('From') ?? from,
    body,
    media: fields.getAll('MediaUrl').length,
    status: 'queued',
    errorCode: null,
    created: world.now(),
    sent: null,
    statusCallback: fields.get('StatusCallback'),
  }
}

/** A person's message, as Twilio tells whoever listens for the account; `more` holds further fields. */
export function postInbound(
  world: World,
  provider: SandboxProvider,
  { account, from, to, text }: { account: string; from: string; to: string; text: string },
  more: JsonObject = {},
): void {
  const url = world.callbackUrl(provider, account)
  if (url === undefined) return
  const sid = newSid()
  postSigned(world, account, url, {
    AccountSid: account,
    ApiVersion: '2010-04-01',
    Body: text,
    From: from,
    To: to,
    MessageSid: sid,
    SmsMessageSid: sid,
    SmsSid: sid,
    SmsStatus: 'received',
    NumMedia: '0',
    NumSegments: '1',
    ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, String(value)])),
  })
}

/** Posts a callback as Twilio signs it. */
function postSigned(world: World, account: string, url: string, fields: Record<string, string>): void {
  // The fragment holds connection overrides, which are for Twilio and are not part of the request.
  const target = url.split('#', 1)[0] ?? url
  const body = new URLSearchParams(fields).toString()
  const text = Object.keys(fields)
    .sort()
    .reduce((sum, name) => sum + name + fields[name], target)
  const signature = createHmac('sha1', authTokenOf(account)).update(text).digest('base64')
  world.postman.post(target, () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }, body }))
}

/** Gives a message its status and tells whoever asked. `undelivered` is that status's error, `prefix` the channel's, which SMS has none of. */
export function changeStatus(
  world: World,
  message: TwilioMessage,
  status: string,
  { undelivered, prefix }: { undelivered: number; prefix: string | null },
): void {
  message.status = status
  message.errorCode = status === 'undelivered' ? undelivered : null
  message.sent ??= world.now()
  if (message.statusCallback === null) return
  postSigned(world, message.account, message.statusCallback, {
    AccountSid: message.account,
    ApiVersion: '2010-04-01',
    ...(prefix === null ? {} : { ChannelPrefix: prefix }),
    From: message.from,
    To: message.to,
    MessageSid: message.sid,
    SmsSid: message.sid,
    MessageStatus: message.status,
    SmsStatus: message.status,
    ...(message.errorCode === null ? {} : { ErrorCode: String(message.errorCode) }),
  })
}

/** The account whose token came with the request, where the path names no other; null for a wrong one. */
export function authorised({ headers, path }: SandboxRequest): string | null {
  const [account = ''] = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
  const named = /\/Accounts\/(AC[0-9a-f]{32})\//.exec(path)?.[1] ?? account
  const expected = Buffer.from(`Basic ${Buffer.from(`${named}:${authTokenOf(named)}`).toString('base64')}`)
  const given = Buffer.from(headers.authorization ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected) ? named : null
}

export function resource(sms: TwilioMessage): object {
  const uri = `/2010-04-01/Accounts/${sms.account}/Messages/${sms.sid}.json`
  return {
    sid: sms.sid,
    account_sid: sms.account,
    messaging_service_sid: null,
    to: sms.to,
    from: sms.from,
    body: sms.body,
    status: sms.status,
    num_segments: String(Math.max(1, Math.ceil(sms.body.length / 160))),
    num_media: String(sms.media),
    direction: 'outbound-api',
    api_version: '2010-04-01',
    price: null,
    price_unit: 'USD',
    error_code: sms.errorCode,
    error_message: null,
    date_created: rfc2822(sms.created),
    date_updated: rfc2822(sms.sent ?? sms.created),
    date_sent: sms.sent === null ? null : rfc2822(sms.sent),
    uri,
    subresource_uris: { media: uri.replace('.json', '/Media.json') },
  }
}

function rfc2822(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}

function newSid(): string {
  return `SM${randomUUID().replaceAll('-', '')}`
}

export function ourId(fields: URLSearchParams): string | null {
  const callback = fields.get('StatusCallback')
  return callback !== null && URL.canParse(callback) ? new URL(callback).searchParams.get('message') : null
}

export function errorBody(status: number, code: number, message: string): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

export function refusal(status: number, code: number, message: string, account: string | null, fields: URLSearchParams): Verdict {
  return {
    answer: json(status, errorBody(status, code, message)),
    entry: { account, code: String(code), messageId: ourId(fields), providerMessageId: null, to: fields.get('To')?.replace(/^[a-z]+:/, '') ?? null },
  }
}
