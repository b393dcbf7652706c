import { type JsonObject, parseObject } from '../domain/json.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type StandIn, type World } from './stand-in.ts'
import { contentOf, contentsPage } from './twilio-contents.ts'
import {
  authorised,
  changeStatus,
  errorBody,
  MESSAGES_ROUTE,
  openBook,
  ourId,
  postInbound,
  queued,
  refusal,
  resource,
  type TwilioMessage,
} from './twilio-wire.ts'
import { contentSid, openShelf, placeholders, type SandboxTemplate } from './whatsapp-templates.ts'

const ADDRESS = /^whatsapp:\+[1-9]\d{6,14}$/
const CONTENTS = '/v1/ContentAndApprovals'
const WINDOW = 24 * 3_600_000

export interface TwilioWhatsappStandIn extends StandIn {
  /** A person writes to the account's number; `message` holds further fields of the webhook, such as ButtonPayload. */
  inbound(message: { account: string; from: string; to: string; text: string; message?: JsonObject }): void
  /** A content's review at WhatsApp ends. Nobody is told: Twilio is asked. */
  review(template: { account: string; name: string; status: string }): void
}

interface Sent extends TwilioMessage {
  template: SandboxTemplate | null
}

/** WhatsApp by Twilio's Messages resource: its addresses begin with `whatsapp:`, and its templates are contents. */
export function twilioWhatsappStandIn(world: World): TwilioWhatsappStandIn {
  const book = openBook()
  const shelf = openShelf()
  const windows = new Map<string, number>()

  const inbound: TwilioWhatsappStandIn['inbound'] = ({ account, from, to, text, message = {} }) => {
    const number = from.replace(/^whatsapp:/, '')
    windows.set(`${account} whatsapp:${number}`, world.now() + WINDOW)
    const ends = { from: `whatsapp:${number}`, to: `whatsapp:${to.replace(/^whatsapp:/, '')}` }
    const who = { ProfileName: `Person ${number.slice(-4)}`, WaId: number.replace(/\D/g, '') }
    postInbound(world, 'twilio_whatsapp', { account, text, ...ends }, { ...who, ...message })
  }

  function react(sent: Sent, reaction: Reaction): void {
    const back = { account: sent.account, from: sent.to, to: sent.from }
    if (reaction === 'reply-yes' || reaction === 'reply-stop') return inbound({ ...back, text: reaction === 'reply-yes' ? 'YES' : 'STOP' })
    if (reaction === 'tap') {
      const button = sent.template?.components.find((each) => each.type === 'BUTTONS')?.buttons?.find((each) => each.type === 'QUICK_REPLY')
      if (button === undefined) return
      const message = { ButtonText: button.text, ButtonPayload: button.text.toLowerCase(), OriginalRepliedMessageSid: sent.sid }
      return inbound({ ...back, text: button.text, message })
    }
    const status = STATUSES[reaction]
    if (status !== undefined) changeStatus(world, sent, status, { undelivered: 63024, prefix: 'whatsapp' })
  }

  function check(account: string, fields: URLSearchParams, template: SandboxTemplate | null): { code: number; message: string } | null {
    const to = fields.get('To') ?? ''
    const from = fields.get('From')
    const body = fields.get('Body') ?? ''
    const sid = fields.get('ContentSid')
    const open = (windows.get(`${account} ${to}`) ?? 0) > world.now()
    if (!ADDRESS.test(to)) return { code: 21211, message: `The 'To' number ${to} is not a valid phone number.` }
    if (from === null ? !fields.has('MessagingServiceSid') : !ADDRESS.test(from))
      return { code: 63007, message: 'Twilio could not find a Channel with the specified From address' }
    if (sid !== null && template === null) return { code: 21655, message: 'The ContentSid is Invalid' }
    if (template !== null) {
      const given = variables(fields)
      if (given === null) return { code: 21656, message: 'The ContentVariables Parameter is invalid' }
      if (!open && template.status !== 'APPROVED') return closed
      const missing = placeholders(JSON.stringify(contentOf(template))).some((each) => !given[each])
      return missing ? { code: 63028, message: 'Number of parameters provided does not match the expected number of parameters.' } : null
    }
    if (body === '' && !fields.has('MediaUrl')) return { code: 21619, message: 'A text message body or media urls must be specified.' }
    if (body.length > 1_600) return { code: 21617, message: 'The concatenated message body exceeds the 1600 character limit.' }
    return open ? null : closed
  }

  return {
    provider: 'twilio_whatsapp',
    isSend: (method, path, body) => method === 'POST' && MESSAGES_ROUTE.test(path) && /(^|&)To=whatsapp(%3A|:)/i.test(body),
    inbound,
    review({ account, name, status }) {
      shelf.review(account, name, status)
    },
    send(request) {
      const account = authorised(request)
      const fields = new URLSearchParams(request.body)
      if (account === null) return refusal(401, 20003, 'Authenticate', null, new URLSearchParams())
      const template = shelf.of(account).find((each) => contentSid(each) === fields.get('ContentSid')) ?? null
      const fault = check(account, fields, template)
      if (fault !== null) return refusal(400, fault.code, fault.message, account, fields)
      const given = variables(fields) ?? {}
      const text = template?.components.find((each) => each.type === 'BODY')?.text ?? fields.get('Body') ?? ''
      const body = template === null ? text : text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => given[name] ?? '')
      const sent: Sent = { ...queued(world, account, fields, { from: 'whatsapp:+15005550006', body }), template }
      return {
        answer: json(201, resource(sent)),
        entry: { account, messageId: ourId(fields), providerMessageId: sent.sid, to: sent.to.replace(/^whatsapp:/, ''), text: sent.body },
        accept: () => {
          book.keep(sent)
        },
        react: (reaction) => {
          react(sent, reaction)
        },
        plan: reactions('whatsapp', world.persona(sent.to.replace(/^whatsapp:/, ''))),
      }
    },
    other(request) {
      if (request.method !== 'GET') return null
      if (MESSAGES_ROUTE.test(request.path)) return request.query.get('To')?.startsWith('whatsapp:') ? book.list(request) : null
      if (request.path !== CONTENTS) return null
      const account = authorised(request)
      return account === null ? json(401, errorBody(401, 20003, 'Authenticate')) : json(200, contentsPage(account, shelf.of(account), request.query))
    },
  }
}

const closed = {
  code: 63016,
  message: 'Failed to send freeform message because you are outside the allowed window. Please use a Template.',
}
const STATUSES: Partial<Record<Reaction, string>> = { sent: 'sent', delivered: 'delivered', open: 'read', undelivered: 'undelivered' }

/** null for what is no JSON object. */
function variables(fields: URLSearchParams): Record<string, string> | null {
  return parseObject(fields.get('ContentVariables') ?? '{}') as Record<string, string> | null
}
