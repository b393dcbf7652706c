import { SMS_SENDER } from '../domain/providers.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type StandIn, type World } from './stand-in.ts'
import {
  authorised,
  changeStatus,
  MESSAGES_ROUTE,
  openBook,
  ourId,
  postInbound,
  queued,
  refusal,
  resource,
  type TwilioMessage,
} from './twilio-wire.ts'

const E164 = /^\+[1-9]\d{6,14}$/

/** Twilio's own magic numbers for its test credentials: https://www.twilio.com/docs/iam/test-credentials. */
const MAGIC: Readonly<Record<string, { code: number; message: string }>> = {
  '+15005550001': { code: 21211, message: 'The To number +15005550001 is not a valid phone number.' },
  '+15005550002': { code: 21612, message: 'The To phone number +15005550002 is not currently reachable via SMS.' },
  '+15005550003': { code: 21408, message: 'Permission to send an SMS has not been enabled for the region indicated by the To number.' },
  '+15005550004': { code: 21610, message: 'Attempt to send to unsubscribed recipient' },
  '+15005550009': { code: 21614, message: 'To number +15005550009 is not a mobile number.' },
}

export interface TwilioStandIn extends StandIn {
  /** A person writes to one of the account's numbers. STOP and START are obeyed as Twilio does, before anybody is told. */
  inbound(message: { account: string; from: string; to: string; text: string }): void
}

/** Twilio's Messages resource, status callbacks and inbound webhooks: https://www.twilio.com/docs/messaging/api/message-resource. */
export function twilioStandIn(world: World): TwilioStandIn {
  const book = openBook()
  const optedOut = new Set<string>()

  function inbound(message: { account: string; from: string; to: string; text: string }): void {
    const word = message.text.trim().toUpperCase()
    if (['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT'].includes(word)) optedOut.add(`${message.account} ${message.from}`)
    if (['START', 'UNSTOP'].includes(word)) optedOut.delete(`${message.account} ${message.from}`)
    postInbound(world, 'twilio', message)
  }

  function react(sms: TwilioMessage, reaction: Reaction): void {
    if (reaction === 'reply-stop' || reaction === 'reply-yes') {
      inbound({ account: sms.account, from: sms.to, to: sms.from, text: reaction === 'reply-stop' ? 'STOP' : 'YES' })
      return
    }
    changeStatus(world, sms, reaction, { undelivered: 30005, prefix: null })
  }

  return {
    provider: 'twilio',
    isSend: (method, path) => method === 'POST' && MESSAGES_ROUTE.test(path),
    inbound,
    send(request) {
      const account = authorised(request)
      if (account === null) return refusal(401, 20003, 'Authenticate', null, new URLSearchParams())
      const fields = new URLSearchParams(request.body)
      const fault = check(fields)
      if (fault) return refusal(fault.status ?? 400, fault.code, fault.message, account, fields)
      const to = fields.get('To') ?? ''
      if (optedOut.has(`${account} ${to}`)) return refusal(400, 21610, 'Attempt to send to unsubscribed recipient', account, fields)
      const sms = queued(world, account, fields, { from: '+15005550006', body: fields.get('Body') ?? '' })
      return {
        answer: json(201, resource(sms)),
        entry: { account, messageId: ourId(fields), providerMessageId: sms.sid, to, text: sms.body },
        accept: () => {
          book.keep(sms)
        },
        react: (reaction) => {
          react(sms, reaction)
        },
        plan: reactions('sms', world.persona(to)),
      }
    },
    other: (request) => (request.method === 'GET' && MESSAGES_ROUTE.test(request.path) ? book.list(request) : null),
  }
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
  if (from && !SMS_SENDER.test(from)) return { code: 21212, message: `The 'From' number ${from} is not a valid phone number.` }
  if (service && !/^MG[0-9a-f]{32}$/.test(service)) return { status: 404, code: 20404, message: 'The messaging service was not found.' }
  if (body === '' && !fields.has('MediaUrl')) return { code: 21602, message: 'Message body is required.' }
  if (body.length > 1_600) return { code: 21617, message: 'The concatenated message body exceeds the 1600 character limit.' }
  if (fields.getAll('MediaUrl').length > 10) return { code: 21623, message: 'Number of media files exceeds allowed limit.' }
  const callback = fields.get('StatusCallback')
  return callback !== null && !URL.canParse(callback) ? { code: 21609, message: `The 'StatusCallback' URL ${callback} is not valid.` } : null
}
