import { type KeyObject, randomUUID, sign } from 'node:crypto'
import { isObject, objectsOf, parseObject } from '../domain/json.ts'
import { isSandboxKey, webhookKeyOf } from './accounts.ts'
import type { LogEntry } from './log.ts'
import { type Reaction, reactions } from './personas.ts'
import { json, type SandboxRequest, type StandIn, type Verdict, type World } from './stand-in.ts'

const ADDRESS = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'x-sg-id',
  'x-sg-eid',
  'received',
  'dkim-signature',
  'content-type',
  'content-transfer-encoding',
  'to',
  'from',
  'subject',
  'reply-to',
  'cc',
  'bcc',
])
const MOST_BYTES = 30 * 1024 * 1024
/** Events are posted in arrays: so many at most, and after so many milliseconds at latest. */
const BATCH = 100
const GATHERING = 5

interface Mail {
  apiKey: string
  id: string
  to: string
  customArgs: Record<string, string>
  link: string
}

/** SendGrid's Mail Send v3 and event webhook: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. */
export function sendgridStandIn(world: World): StandIn {
  const outboxes = new Map<string, { key: KeyObject; events: object[] }>()

  function publish(mail: Mail, event: object): void {
    const url = world.callbackUrl('sendgrid', mail.apiKey)
    if (url === undefined) return
    let outbox = outboxes.get(mail.apiKey)
    if (outbox === undefined) {
      outbox = { key: webhookKeyOf(mail.apiKey), events: [] }
      outboxes.set(mail.apiKey, outbox)
    }
    const { key, events } = outbox
    events.push(event)
    const flush = (): void => {
      const batch = events.splice(0, BATCH)
      if (batch.length > 0) world.postman.post(url, () => signed(JSON.stringify(batch), key, world.now()))
    }
    if (events.length >= BATCH) flush()
    else if (events.length === 1) world.postman.later(GATHERING, flush)
  }

  return {
    provider: 'sendgrid',
    isSend: (method, path) => method === 'POST' && path === '/v3/mail/send',
    other: () => null,
    send(request) {
      const apiKey = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      if (!isSandboxKey(apiKey)) {
        return refusal(401, null, 'The provided authorization grant is invalid, expired, or revoked', null, {})
      }
      const account = apiKey.split('.')[1] ?? null
      const body = parseObject(request.body)
      const seen = describe(body)
      const fault = request.body.length > MOST_BYTES ? { status: 413, field: null, message: 'Payload too large' } : check(request, body)
      if (fault) return refusal(fault.status ?? 400, fault.field, fault.message, account, seen)
      const id = randomUUID().replaceAll('-', '').slice(0, 22)
      const mail: Mail = { apiKey, id, to: seen.to ?? '', customArgs: seen.customArgs, link: seen.link }
      return {
        answer: { status: 202, headers: { 'x-message-id': id }, body: '' },
        entry: {
          account,
          messageId: seen.messageId,
          providerMessageId: id,
          to: seen.to,
          subject: seen.subject,
          text: seen.text,
          headers: seen.headers,
          ...(seen.attachments.length > 0 ? { attachments: seen.attachments } : {}),
        },
        react: (reaction) => {
          const event = eventOf(mail, reaction, world.now())
          if (event) publish(mail, event)
        },
        plan: reactions('email', world.persona(mail.to)),
      }
    },
  }
}

function signed(body: string, key: KeyObject, now: number): { headers: Record<string, string>; body: string } {
  const timestamp = String(Math.floor(now / 1_000))
  return {
    headers: {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(timestamp + body), { key, dsaEncoding: 'der' }).toString('base64'),
    },
    body,
  }
}

const EVENTS: Partial<Record<Reaction, Record<string, unknown>>> = {
  processed: { event: 'processed' },
  deferred: { event: 'deferred', response: '451 4.3.0 try again later', attempt: '1' },
  delivered: { event: 'delivered', response: '250 OK' },
  bounce: { event: 'bounce', type: 'bounce', status: '5.1.1', reason: '550 5.1.1 The email account that you tried to reach does not exist' },
  blocked: { event: 'bounce', type: 'blocked', status: '5.7.1', reason: '550 5.7.1 Message blocked' },
  open: { event: 'open', sg_machine_open: false, useragent: 'Mozilla/5.0', ip: '203.0.113.7' },
  'machine-open': { event: 'open', sg_machine_open: true, useragent: 'Mozilla/5.0', ip: '203.0.113.9' },
  click: { event: 'click', useragent: 'Mozilla/5.0', ip: '203.0.113.7' },
  spamreport: { event: 'spamreport' },
  unsubscribe: { event: 'unsubscribe' },
}

function eventOf(mail: Mail, reaction: Reaction, now: number): object | null {
  const event = EVENTS[reaction]
  if (!event) return null
  return {
    ...mail.customArgs,
    email: mail.to,
    timestamp: Math.floor(now / 1_000),
    'smtp-id': `<${mail.id}@sandbox>`,
    sg_event_id: randomUUID().replaceAll('-', ''),
    sg_message_id: `${mail.id}.recvd-sandbox-1-0.0`,
    ...event,
    ...(reaction === 'click' ? { url: mail.link } : {}),
  }
}

type CheckFault = { status?: number; field: string | null; message: string }

function check(request: SandboxRequest, body: Record<string, unknown> | null): CheckFault | null {
  if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
    return { status: 415, field: null, message: 'Content-Type should be application/json.' }
  if (body === null) return { field: null, message: 'Bad Request' }
  const people = objectsOf(body.personalizations)
  if (people.length === 0)
    return { field: 'personalizations', message: 'The personalizations field is required and must have at least one personalization.' }
  const recipients = people.flatMap((each, index) =>
    objectsOf(each.to).map((to, position) => ({ email: to.email, field: `personalizations.${index}.to.${position}.email` })),
  )
  if (recipients.length === 0)
    return {
      field: 'personalizations.0.to',
      message: 'The to array is required for all personalization objects, and must have at least one email object.',
    }
  if (recipients.length > 1_000) return { field: 'personalizations', message: 'There is a limit of 1000 total recipients per request.' }
  const bad = recipients.find(({ email }) => typeof email !== 'string' || !ADDRESS.test(email))
  if (bad) return { field: bad.field, message: 'Does not contain a valid address.' }
  if (!isObject(body.from) || typeof body.from.email !== 'string' || !ADDRESS.test(body.from.email)) {
    return { field: 'from.email', message: 'The from email does not contain a valid address.' }
  }
  if (typeof body.from.name === 'string' && /[;,]/.test(body.from.name)) return { field: 'from.name', message: 'The name must not contain ; or ,' }
  if (typeof body.subject !== 'string' || body.subject === '') return { field: 'subject', message: 'The subject is required.' }
  return checkContent(body) ?? checkFiles(body) ?? checkExtras(body, people)
}

function checkContent(body: Record<string, unknown>): CheckFault | null {
  const parts = objectsOf(body.content)
  if (parts.length === 0) return { field: 'content', message: 'Unless a valid template_id is provided, the content parameter is required.' }
  const empty = parts.findIndex((part) => typeof part.value !== 'string' || part.value === '')
  if (empty >= 0) return { field: `content.${empty}.value`, message: 'The content value must be a string at least one character in length.' }
  if (parts.findIndex(({ type }) => type === 'text/plain') > 0) {
    return { field: 'content', message: 'If present, text/plain must be first, followed by text/html, followed by any other content.' }
  }
  return null
}

function checkFiles(body: Record<string, unknown>): CheckFault | null {
  for (const [index, file] of objectsOf(body.attachments).entries()) {
    const at = (field: string, message: string): CheckFault => ({ field: `attachments.${index}.${field}`, message })
    if (typeof file.filename !== 'string' || file.filename === '') return at('filename', 'The filename is required.')
    if (typeof file.content !== 'string' || file.content === '') return at('content', 'The attachment content is required.')
    if (Buffer.from(file.content, 'base64').toString('base64') !== file.content)
      return at('content', 'The attachment content must be base64 encoded.')
    if (file.disposition === 'inline' && typeof file.content_id !== 'string') return at('content_id', 'An inline attachment needs a content id.')
  }
  return null
}

function checkExtras(body: Record<string, unknown>, people: readonly Record<string, unknown>[]): CheckFault | null {
  const size = [body, ...people].reduce((sum, each) => sum + (each.custom_args ? JSON.stringify(each.custom_args).length : 0), 0)
  if (size > 10_000) return { field: 'custom_args', message: 'The custom_args may not exceed 10000 bytes.' }
  const header = Object.keys(isObject(body.headers) ? body.headers : {}).find((name) => RESERVED_HEADERS.has(name.toLowerCase()))
  return header === undefined ? null : { field: 'headers', message: `The header ${header} is reserved.` }
}

interface Description {
  to: string | null
  subject: string
  text: string
  headers: Record<string, string>
  link: string
  messageId: string | null
  customArgs: Record<string, string>
  attachments: NonNullable<LogEntry['attachments']>
}

/** What the log and the events need of a mail, faulty or not. */
function describe(body: Record<string, unknown> | null): Description {
  const first = objectsOf(body?.personalizations)[0]
  const to = objectsOf(first?.to)[0]?.email
  const html = String(objectsOf(body?.content).at(-1)?.value ?? '')
  const customArgs = {
    ...(isObject(body?.custom_args) ? body.custom_args : {}),
    ...(isObject(first?.custom_args) ? first.custom_args : {}),
  } as Record<string, string>
  return {
    to: typeof to === 'string' ? to : null,
    subject: typeof body?.subject === 'string' ? body.subject : '',
    text: html.slice(0, 4_000),
    headers: (isObject(body?.headers) ? body.headers : {}) as Record<string, string>,
    link: firstLink(html),
    messageId: customArgs.throughline_message ?? null,
    customArgs,
    attachments: objectsOf(body?.attachments).map((file) => ({
      name: String(file.filename),
      contentType: String(file.type),
      size: Buffer.byteLength(String(file.content), 'base64'),
      ...(typeof file.content_id === 'string' ? { contentId: file.content_id } : {}),
    })),
  }
}

/** What a clicking reader clicks: the first link that does not unsubscribe. */
function firstLink(html: string): string {
  const links = [...html.matchAll(/href="(https?:[^"]+)"/g)].map((match) => match[1]?.replaceAll('&amp;', '&') ?? '')
  return links.find((link) => !/unsubscribe/i.test(link)) ?? 'https://shop.example/'
}

function refusal(status: number, field: string | null, message: string, account: string | null, seen: Partial<Description>): Verdict {
  return {
    answer: json(status, { errors: [{ message, field, help: null }] }),
    entry: { account, code: field ?? String(status), messageId: seen.messageId ?? null, providerMessageId: null, to: seen.to ?? null },
  }
}
