import { createHash } from 'node:crypto'
import { isObject, type JsonObject, objectsOf, parseObject } from '../domain/json.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type SandboxRequest, type StandIn, type World } from './stand-in.ts'
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

const ADDRESS = /^rcs:\+[1-9]\d{6,14}$/
const SENDER = /^rcs:\w{1,100}$/
const CONTENTS = '/v1/Content'
/** Ends the number of a phone that is not capable, as Twilio says at once. */
const INCAPABLE = '99'

export interface TwilioRcsStandIn extends StandIn {
  /** A person writes to the account's sender; `message` holds further fields of the webhook, such as ButtonPayload. */
  inbound(message: { account: string; from: string; to: string; text: string; message?: JsonObject }): void
}

interface Sent extends TwilioMessage {
  content: JsonObject | null
}

/** RCS by Twilio's Messages resource: its addresses begin with `rcs:`, and whatever is richer than a text is a content. */
export function twilioRcsStandIn(world: World): TwilioRcsStandIn {
  const book = openBook()
  const contents = new Map<string, JsonObject>()

  const inbound: TwilioRcsStandIn['inbound'] = ({ account, from, to, text, message = {} }) => {
    const ends = { from: `rcs:${from.replace(/^rcs:/, '')}`, to: `rcs:${to.replace(/^rcs:/, '')}` }
    postInbound(world, 'twilio_rcs', { account, text, ...ends }, { ChannelPrefix: 'rcs', ...message })
  }

  function react(sent: Sent, reaction: Reaction): void {
    const back = { account: sent.account, from: sent.to, to: sent.from }
    if (reaction === 'reply-yes' || reaction === 'reply-stop') return inbound({ ...back, text: reaction === 'reply-yes' ? 'YES' : 'STOP' })
    if (reaction === 'tap') {
      const button = actionsOf(sent.content).find((each) => each.type === 'QUICK_REPLY')
      if (button === undefined) return
      const message = { ButtonText: button.title ?? '', ButtonPayload: button.id ?? '', OriginalRepliedMessageSid: sent.sid }
      return inbound({ ...back, text: String(button.title), message })
    }
    const status = STATUSES[reaction]
    if (status !== undefined) changeStatus(world, sent, status, { undelivered: 63106, prefix: 'rcs' })
  }

  function check(fields: URLSearchParams): { code: number; message: string } | null {
    const to = fields.get('To') ?? ''
    const from = fields.get('From')
    const body = fields.get('Body') ?? ''
    const sid = fields.get('ContentSid')
    if (!ADDRESS.test(to)) return { code: 21211, message: `The 'To' number ${to} is not a valid phone number.` }
    if (to.endsWith(INCAPABLE)) return { code: 63106, message: 'phone_number is not a RCS capable number' }
    if (from === null ? !fields.has('MessagingServiceSid') : !SENDER.test(from))
      return { code: 63007, message: 'Twilio could not find a Channel with the specified From address' }
    if (sid !== null && !contents.has(sid)) return { code: 21655, message: 'The ContentSid is Invalid' }
    if (sid === null && body === '') return { code: 21619, message: 'A text message body or media urls must be specified.' }
    return body.length > 1_600 ? { code: 21617, message: 'The concatenated message body exceeds the 1600 character limit.' } : null
  }

  /** POST /v1/Content: https://www.twilio.com/docs/content/content-api-resources#create-templates. */
  function make(request: SandboxRequest) {
    if (authorised(request) === null) return json(401, errorBody(401, 20003, 'Authenticate'))
    const content = parseObject(request.body)
    const types = content !== null && isObject(content.types) ? (content.types as JsonObject) : null
    if (content === null || types === null || Object.keys(types).length === 0 || typeof content.language !== 'string')
      return json(400, errorBody(400, 20001, 'types and language are required'))
    const fault = contentFault(types)
    if (fault !== null) return json(400, errorBody(400, 20001, fault))
    const sid = `HX${createHash('sha256').update(request.body).digest('hex').slice(0, 32)}`
    contents.set(sid, types)
    return json(201, { ...content, sid })
  }

  return {
    provider: 'twilio_rcs',
    isSend: (method, path, body) => method === 'POST' && MESSAGES_ROUTE.test(path) && /(^|&)To=rcs(%3A|:)/i.test(body),
    inbound,
    send(request) {
      const account = authorised(request)
      const fields = new URLSearchParams(request.body)
      if (account === null) return refusal(401, 20003, 'Authenticate', null, new URLSearchParams())
      const fault = check(fields)
      if (fault !== null) return refusal(400, fault.code, fault.message, account, fields)
      const content = contents.get(fields.get('ContentSid') ?? '') ?? null
      const body = content === null ? (fields.get('Body') ?? '') : filled(JSON.stringify(content), fields.get('ContentVariables'))
      const sent: Sent = { ...queued(world, account, fields, { from: 'rcs:shop_agent', body }), content }
      const number = sent.to.replace(/^rcs:/, '')
      return {
        answer: json(201, resource(sent)),
        entry: { account, messageId: ourId(fields), providerMessageId: sent.sid, to: number, text: sent.body },
        accept: () => {
          book.keep(sent)
        },
        react: (reaction) => {
          react(sent, reaction)
        },
        plan: reactions('rcs', world.persona(number)),
      }
    },
    other(request) {
      if (request.method === 'POST' && request.path === CONTENTS) return make(request)
      const isList = request.method === 'GET' && MESSAGES_ROUTE.test(request.path) && request.query.get('To')?.startsWith('rcs:')
      return isList ? book.list(request) : null
    },
  }
}

const STATUSES: Partial<Record<Reaction, string>> = { sent: 'sent', delivered: 'delivered', open: 'read', undelivered: 'undelivered' }

const isAddress = (value: unknown) => typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
const filesOf = ({ media }: JsonObject) => (media === undefined ? [] : Array.isArray(media) ? media : [media])

/** https://www.twilio.com/docs/content/twiliocard, …/carousel; a suggestion's label has at most 25 characters on RCS. */
function contentFault(types: JsonObject): string | null {
  for (const content of objectsOf(Object.values(types))) {
    const cards = objectsOf(content.cards)
    if (content.cards !== undefined && (cards.length < 2 || cards.length > 10)) return 'a carousel has 2 to 10 cards'
    for (const card of content.cards === undefined ? [content] : cards) {
      const actions = objectsOf(card.actions)
      if (card.title === undefined && card.body === undefined) return 'a card needs a title or a body'
      if (Object.keys(card).length < 2) return 'a card needs at least one field more'
      if (content.cards !== undefined && (actions.length < 1 || actions.length > 2)) return 'a card of a carousel has 1 or 2 buttons'
      if (!filesOf(card).every(isAddress)) return 'media must be a publicly hosted file'
      const bad = actions.find(({ type, title, url }) => String(title).length > 25 || title === '' || (type === 'URL' && !isAddress(url)))
      if (bad !== undefined) return `the button ${String(bad.title)} is none`
    }
  }
  return null
}

/** Of the content itself and of its cards. */
function actionsOf(content: JsonObject | null): JsonObject[] {
  const whole = objectsOf(Object.values(content ?? {}))
  return [...whole, ...whole.flatMap((each) => objectsOf(each.cards))].flatMap((each) => objectsOf(each.actions))
}

function filled(content: string, variables: string | null): string {
  const given = parseObject(variables ?? '{}') ?? {}
  return content.replace(/\{\{(\d+)\}\}/g, (_, name: string) => JSON.stringify(String(given[name] ?? '')).slice(1, -1))
}
