import { createHmac, randomBytes } from 'node:crypto'
import { isObject, type Json, type JsonObject, parseObject } from '../domain/json.ts'
import { isWhatsappUserId } from '../domain/whatsapp.ts'
import { appSecretOf, businessAccountOf, numberOfToken } from './meta-accounts.ts'
import { checkMessage, mediaOf, textOf } from './meta-messages.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type StandIn, type Verdict, type World } from './stand-in.ts'
import { openShelf, templateId } from './whatsapp-templates.ts'

const MESSAGES = /^\/v\d+\.\d\/(\d+)\/messages$/
const TEMPLATES = /^\/v\d+\.\d\/(\d+)\/message_templates$/
const WINDOW = 24 * 3_600_000

export interface MetaStandIn extends StandIn {
  /** A person writes to the number: `text`, or any other message of the webhook's form, such as `{ type: 'image', image: … }`. */
  inbound(message: { account: string; from: string; text: string; message?: JsonObject }): void
  /** A person stops or resumes promotions from the number in WhatsApp's settings. */
  prefer(choice: { account: string; from: string; value: 'stop' | 'resume' }): void
  /** A template's review ends; the account is told. */
  review(template: { account: string; name: string; status: string; reason?: string }): void
}

/**
 * The Cloud API of any number of sandbox numbers: sending, template lists, and webhooks signed by the app's secret.
 * Text goes to those alone who have written within a day; Meta tells of a closed window with a status as often as
 * at once, and here always at once, so that what the log calls accepted is what people get.
 */
export function metaStandIn(world: World): MetaStandIn {
  const windows = new Map<string, number>()
  const shelf = openShelf()

  function post(account: string, field: string, value: JsonObject): void {
    const url = world.callbackUrl('meta', account)
    if (url === undefined) return
    const entry = { id: businessAccountOf(account), time: seconds(), changes: [{ field, value }] }
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [entry] })
    const signature = `sha256=${createHmac('sha256', appSecretOf(account)).update(body).digest('hex')}`
    world.postman.post(url, () => ({ headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature }, body }))
  }

  const seconds = () => Math.floor(world.now() / 1_000)
  const about = (account: string) => ({
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: displayNumber(account), phone_number_id: account },
  })

  const inbound: MetaStandIn['inbound'] = ({ account, from, text, message }) => {
    const waId = keyOf(from)
    windows.set(`${account} ${waId}`, world.now() + WINDOW)
    const hidden = isWhatsappUserId(from)
    post(account, 'messages', {
      ...about(account),
      contacts: [{ profile: { name: `Person ${waId.slice(-4)}` }, ...(hidden ? { user_id: waId } : { wa_id: waId }) }],
      messages: [
        {
          ...(hidden ? { from_user_id: waId } : { from: waId }),
          id: newId(),
          timestamp: String(seconds()),
          type: 'text',
          ...(message ?? { text: { body: text } }),
        },
      ],
    })
  }

  function react(sent: { account: string; id: string; to: string; ours: Json | undefined; message: JsonObject }, reaction: Reaction): void {
    const { account, id, to, ours } = sent
    if (reaction === 'reply-yes' || reaction === 'reply-stop') return inbound({ account, from: to, text: reaction === 'reply-yes' ? 'YES' : 'STOP' })
    if (reaction === 'tap') {
      const tapped = firstButton(sent.message)
      if (tapped !== null) inbound({ account, from: to, text: '', message: { ...tapped, context: { from: displayNumber(account), id } } })
      return
    }
    const status = STATUSES[reaction]
    if (status === undefined) return
    const errors = status === 'failed' ? { errors: [{ code: 131026, title: 'Message undeliverable' }] } : {}
    const data = ours === undefined ? {} : { biz_opaque_callback_data: ours }
    post(account, 'messages', {
      ...about(account),
      statuses: [
        { id, status, timestamp: String(seconds()), [isWhatsappUserId(to) ? 'recipient_user_id' : 'recipient_id']: keyOf(to), ...data, ...errors },
      ],
    })
  }

  return {
    provider: 'meta',
    isSend: (method, path) => method === 'POST' && MESSAGES.test(path),
    inbound,
    prefer({ account, from, value }) {
      const waId = keyOf(from)
      const detail = `User requested to ${value} marketing messages`
      post(account, 'user_preferences', {
        ...about(account),
        contacts: [{ profile: { name: `Person ${waId.slice(-4)}` }, wa_id: waId }],
        user_preferences: [{ wa_id: waId, detail, category: 'marketing_messages', value, timestamp: seconds() }],
      })
    },
    review({ account, name, status, reason }) {
      const template = shelf.review(account, name, status)
      if (template === null) return
      post(account, 'message_template_status_update', {
        event: status,
        message_template_id: Number(templateId(template)),
        message_template_name: name,
        message_template_language: template.language,
        reason: reason ?? 'NONE',
      })
    },
    send(request) {
      const account = MESSAGES.exec(request.path)?.[1] ?? ''
      const message = parseObject(request.body)
      if (numberOfToken(request.headers.authorization) !== account)
        return refusal(account, message, { status: 401, code: 190, details: 'Error validating access token.' })
      const to = recipientOf(message) ?? ''
      const open = (windows.get(`${account} ${keyOf(to)}`) ?? 0) > world.now()
      const fault = checkMessage(message, shelf.of(account), open)
      if (fault !== null || message === null) return refusal(account, message, fault ?? { status: 400, code: 100, details: 'no JSON' })
      const sent = { account, id: newId(), to, ours: message.biz_opaque_callback_data, message }
      return {
        answer: json(200, {
          messaging_product: 'whatsapp',
          contacts: [{ input: to, [isWhatsappUserId(to) ? 'user_id' : 'wa_id']: keyOf(to) }],
          messages: [{ id: sent.id, message_status: 'accepted' }],
        }),
        entry: {
          account,
          messageId: ourId(message),
          providerMessageId: sent.id,
          to,
          text: textOf(message, shelf.of(account)),
          ...mediaOf(message),
        },
        react: (reaction) => {
          react(sent, reaction)
        },
        plan: reactions('whatsapp', world.persona(to)),
      }
    },
    other({ method, path, query, headers }) {
      const business = method === 'GET' ? TEMPLATES.exec(path)?.[1] : undefined
      if (business === undefined) return null
      const account = numberOfToken(headers.authorization)
      if (account === null || businessAccountOf(account) !== business) return json(401, errorBody(190, 'Error validating access token.'))
      const from = Number(query.get('after') ?? 0) || 0
      const end = from + Math.min(Number(query.get('limit') ?? 25) || 25, 100)
      const all = shelf.of(account)
      const data = all.slice(from, end).map((each) => ({ ...each, id: templateId(each) }))
      const next = end < all.length ? { next: `${path}?after=${end}` } : {}
      return json(200, { data, paging: { cursors: { before: String(from), after: String(end) }, ...next } })
    },
  }
}

const STATUSES: Partial<Record<Reaction, string>> = { sent: 'sent', delivered: 'delivered', open: 'read', undelivered: 'failed' }

/** By what the person is known: their number's digits, or the id that stands for a number they hide. */
const keyOf = (address: string) => (isWhatsappUserId(address) ? address : address.replace(/\D/g, ''))

function recipientOf(message: JsonObject | null): string | null {
  const { to, recipient } = message ?? {}
  return typeof recipient === 'string' ? recipient : typeof to === 'string' ? to : null
}
const newId = () => `wamid.${randomBytes(24).toString('base64url')}`
const displayNumber = (account: string) => `1500555${account.slice(-4)}`

/** What tapping the first reply button brings back: templates and session messages word it differently. */
function firstButton(message: JsonObject): JsonObject | null {
  const { template, interactive } = message
  const components = isObject(template) && Array.isArray(template.components) ? template.components : []
  const quick = components.find((each) => isObject(each) && each.sub_type === 'quick_reply')
  if (isObject(quick) && Array.isArray(quick.parameters) && isObject(quick.parameters[0])) {
    const payload = String(quick.parameters[0].payload)
    return { type: 'button', button: { payload, text: payload } }
  }
  const action = isObject(interactive) && isObject(interactive.action) ? interactive.action : {}
  const first = Array.isArray(action.buttons) ? action.buttons[0] : undefined
  if (!isObject(first) || !isObject(first.reply)) return null
  return { type: 'interactive', interactive: { type: 'button_reply', button_reply: first.reply as JsonObject } }
}

function ourId(message: JsonObject | null): string | null {
  const id = message?.biz_opaque_callback_data
  return typeof id === 'string' ? (id.split(' ')[0] ?? null) : null
}

function errorBody(code: number, details: string): object {
  const error_data = { messaging_product: 'whatsapp', details }
  return { error: { message: `(#${code}) ${details}`, type: 'OAuthException', code, error_data, fbtrace_id: 'Sandbox' } }
}

function refusal(account: string, message: JsonObject | null, { status, code, details }: { status: number; code: number; details: string }): Verdict {
  return {
    answer: json(status, errorBody(code, details)),
    entry: {
      account,
      code: String(code),
      messageId: ourId(message),
      providerMessageId: null,
      to: recipientOf(message),
    },
  }
}
