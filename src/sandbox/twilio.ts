import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { authTokenOf } from './accounts.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type SandboxRequest, type StandIn, type Verdict, type World } from './stand-in.ts'

const ROUTE = /^\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})\/Messages\.json$/
const E164 = /^\+[1-9]\d{6,14}$/
/** Kept for look-ups. */
const KEPT = 20_000

/** Twilio's own magic numbers for its test credentials: https://www.twilio.com/docs/iam/test-credentials. */
const MAGIC: Readonly<Record<string, { code: number; message: string }>> = {
  '+15005550001': { code: 21211, message: 'The To number +15005550001 is not a valid phone number.' },
  '+15005550002': { code: 21612, message: 'The To phone number +15005550002 is not currently reachable via SMS.' },
  '+15005550003': { code: 21408, message: 'Permission to send an SMS has not been enabled for the region indicated by the To number.' },
  '+15005550004': { code: 21610, message: 'Attempt to send to unsubscribed recipient' },
  '+15005550009': { code: 21614, message: 'To number +15005550009 is not a mobile number.' },
}

interface Sms {
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

export interface TwilioStandIn extends StandIn {
  /** A person writes to one of the account's numbers. STOP and START are obeyed as Twilio does, before anybody is told. */
  inbound(message: { account: string; from: string; to: string; text: string }): void
}

/** Twilio's Messages resource, status callbacks and inbound webhooks: https://www.twilio.com/docs/messaging/api/message-resource. */
export function twilioStandIn(world: World): TwilioStandIn {
  let kept: Sms[] = []
  const optedOut = new Set<string>()

  function post(account: string, url: string, fields: Record<string, string>): void {
    // The fragment holds connection overrides, which are for Twilio and are not part of the request.
    const target = url.split('#', 1)[0] ?? url
    const body = new URLSearchParams(fields).toString()
    const text = Object.keys(fields)
      .sort()
      .reduce((sum, name) => sum + name + fields[name], target)
    const signature = createHmac('sha1', authTokenOf(account)).update(text).digest('base64')
    world.postman.post(target, () => ({ headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature }, body }))
  }

  function inbound(message: { account: string; from: string; to: string; text: string }): void {
    const word = message.text.trim().toUpperCase()
    if (['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT'].includes(word)) optedOut.add(`${message.account} ${message.from}`)
    if (['START', 'UNSTOP'].includes(word)) optedOut.delete(`${message.account} ${message.from}`)
    const url = world.callbackUrl('twilio', message.account)
    if (url === undefined) return
    const sid = newSid()
    post(message.account, url, {
      AccountSid: message.account,
      ApiVersion: '2010-04-01',
      Body: message.text,
      From: message.from,
      To: message.to,
      MessageSid: sid,
      SmsSid: sid,
      SmsMessageSid: sid,
      SmsStatus: 'received',
      NumMedia: '0',
      NumSegments: '1',
    })
  }

  function react(sms: Sms, reaction: Reaction): void {
    if (reaction === 'reply-stop' || reaction === 'reply-yes') {
      inbound({ account: sms.account, from: sms.to, to: sms.from, text: reaction === 'reply-stop' ? 'STOP' : 'YES' })
      return
    }
    sms.status = reaction
    sms.errorCode = reaction === 'undelivered' ? 30005 : null
    sms.sent ??= world.now()
    if (sms.statusCallback === null) return
    post(sms.account, sms.statusCallback, {
      AccountSid: sms.account,
      ApiVersion: '2010-04-01',
      From: sms.from,
      To: sms.to,
      MessageSid: sms.sid,
      SmsSid: sms.sid,
      MessageStatus: reaction,
      SmsStatus: reaction,
      ...(sms.errorCode === null ? {} : { ErrorCode: String(sms.errorCode) }),
    })
  }

  return {
    provider: 'twilio',
    isSend: (method, path) => method === 'POST' && ROUTE.test(path),
    inbound,
    send(request) {
      const account = authorised(request)
      if (account === null) return refusal(401, 20003, 'Authenticate', null, new URLSearchParams())
      const fields = new URLSearchParams(request.body)
      const fault = check(fields)
      if (fault) return refusal(fault.status ?? 400, fault.code, fault.message, account, fields)
      const to = fields.get('To') ?? ''
      if (optedOut.has(`${account} ${to}`)) return refusal(400, 21610, 'Attempt to send to unsubscribed recipient', account, fields)
      const sms: Sms = {
        account,
        to,
        sid: newSid(),
        from: fields.get('From') ?? '+15005550006',
        body: fields.get('Body') ?? '',
        media: fields.getAll('MediaUrl').length,
        status: 'queued',
        errorCode: null,
        created: world.now(),
        sent: null,
        statusCallback: fields.get('StatusCallback'),
      }
      return {
        answer: json(201, resource(sms)),
        entry: { account, messageId: ourId(fields), providerMessageId: sms.sid, to, text: sms.body },
        accept: () => {
          kept.push(sms)
          if (kept.length > KEPT * 2) kept = kept.slice(-KEPT)
        },
        react: (reaction) => {
          react(sms, reaction)
        },
        plan: reactions('sms', world.persona(to)),
      }
    },
    other(request) {
      if (request.method !== 'GET' || !ROUTE.test(request.path)) return null
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

function authorised({ headers, path }: SandboxRequest): string | null {
  const account = ROUTE.exec(path)?.[1]
  if (account === undefined) return null
  const expected = Buffer.from(`Basic ${Buffer.from(`${account}:${authTokenOf(account)}`).toString('base64')}`)
  const given = Buffer.from(headers.authorization ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected) ? account : null
}

function check(fields: URLSearchParams): { status?: number; code: number; message: string } | null {
  const to = fields.get('To')
  const from = fields.get('From')
  const service = fields.get('MessagingServiceSid')
  const body = fields.get('Body') ?? ''
  if (!to) return { code: 21604, message: "A 'To' phone number is required." }
  if (!E164.test(to)) return { code: 21211, message: `The 'To' number ${to} is not a valid phone number.` }
  const magic = MAGIC[to]
  if (magic) return magic
  if (!from && !service) return { code: 21603, message: "A 'From' phone number is required." }
  if (from && !E164.test(from)) return { code: 21212, message: `The 'From' number ${from} is not a valid phone number.` }
  if (service && !/^MG[0-9a-f]{32}$/.test(service)) return { status: 404, code: 20404, message: 'The messaging service was not found.' }
  if (body === '' && !fields.has('MediaUrl')) return { code: 21602, message: 'Message body is required.' }
  if (body.length > 1_600) return { code: 21617, message: 'The concatenated message body exceeds the 1600 character limit.' }
  if (fields.getAll('MediaUrl').length > 10) return { code: 21623, message: 'Number of media files exceeds allowed limit.' }
  const callback = fields.get('StatusCallback')
  return callback !== null && !URL.canParse(callback) ? { code: 21609, message: `The 'StatusCallback' URL ${callback} is not valid.` } : null
}

function resource(sms: Sms): object {
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

function ourId(fields: URLSearchParams): string | null {
  const callback = fields.get('StatusCallback')
  return callback !== null && URL.canParse(callback) ? new URL(callback).searchParams.get('message') : null
}

function errorBody(status: number, code: number, message: string): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

function refusal(status: number, code: number, message: string, account: string | null, fields: URLSearchParams): Verdict {
  return {
    answer: json(status, errorBody(status, code, message)),
    entry: { account, code: String(code), messageId: ourId(fields), providerMessageId: null, to: fields.get('To') },
  }
}
