import sendgridMail from '@sendgrid/mail'
import type { RenderedEmail } from '../domain/content/email.ts'
import type { MailAttachment } from '../domain/content/email-attachments.ts'
import { withPreheader } from '../domain/content/email-preheader.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import { type Infer, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection } from './channel.ts'
import { classify, classifyThrown, type FailureTable, type ProviderFault } from './failures.ts'
import { type Exchange, ExchangeError, openTransport, type TransportOptions } from './http.ts'
import { MESSAGE_ARGUMENT, parseEvents, verifyEvents } from './sendgrid-events.ts'

const CREDENTIALS = object({
  apiKey: text({ title: 'API key', pattern: /^[\x21-\x7e]+$/, max: 200 }),
  webhookPublicKey: text({ title: 'Event webhook verification key', description: 'As Mail Settings shows it: base64 of a P-256 key.', max: 500 }),
})
const SETTINGS = object({
  fromEmail: text({ title: 'From address', format: 'email', max: 320 }),
  fromName: optional(text({ title: 'From name', max: 200 })),
})
type Credentials = Infer<typeof CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

type Mailer = typeof sendgridMail
type MailData = Exclude<Parameters<Mailer['send']>[0], unknown[]>
type MailFile = NonNullable<MailData['attachments']>[number]
/** The package's types forget that the class hangs on the instance it exports. */
const { MailService } = sendgridMail as unknown as { MailService: new () => Mailer }

const PROVIDER_URL = 'https://api.sendgrid.com'

/** SendGrid has no codes of its own: the field it complains about, its list indexes taken out, serves as one. */
const FAILURES: FailureTable = {
  'personalizations.to.email': { as: 'permanent', message: 'The recipient is no valid email address.', identity: 'INVALID' },
  'personalizations.to': { as: 'permanent', message: 'The recipient is no valid email address.', identity: 'INVALID' },
  subject: { as: 'permanent', message: 'The subject is missing.' },
  'content.value': { as: 'permanent', message: 'The body is empty.' },
  'from.email': { as: 'permanent', message: 'The sender is no valid email address.' },
}

/**
 * Email through SendGrid's Mail Send v3. No idempotency there: a lost answer is known again by the `processed` event,
 * which returns our id. 40 µs of CPU a send against the sandbox, 15 of
 * them the SDK building the body (145 with its own axios client).
 */
export function sendgrid(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'email',
    provider: 'sendgrid',
    title: 'SendGrid',
    credentials: CREDENTIALS,
    settings: SETTINGS,
    connect(connection) {
      const transport = openTransport(options)
      const mail = new MailService()
      const baseUrl = (connection.baseUrl ?? PROVIDER_URL).replace(/\/$/, '')
      const headers = { authorization: `Bearer ${connection.credentials.apiKey}`, 'content-type': 'application/json', accept: 'application/json' }
      // The SDK's own client has no time-out by default and follows redirects with the key in hand.
      const client = {
        async request(request: { url: string; body: unknown }): Promise<[Exchange, unknown]> {
          const exchange = await transport.exchange({ method: 'POST', url: baseUrl + request.url, headers, body: JSON.stringify(request.body) })
          if (exchange.type !== 'answer' || exchange.status !== 202) throw new ExchangeError(exchange)
          return [exchange, exchange.body]
        },
      }
      mail.setClient(client as unknown as Parameters<Mailer['setClient']>[0])
      return {
        async send(message) {
          try {
            const [answer] = (await mail.send(mailData(message, connection))) as unknown as [Exchange, unknown]
            return accepted(answer)
          } catch (error) {
            return classifyThrown(error, FAILURES, readFault)
          }
        },
        close: () => transport.close(),
      }
    },
    callbacks: { verify: (request, connection) => verifyEvents(request, connection.credentials.webhookPublicKey), parse: parseEvents },
  }
}

function accepted(exchange: Exchange): SendOutcome {
  const id = exchange.type === 'answer' ? exchange.headers['x-message-id'] : undefined
  return id ? { type: 'ok', providerMessageId: id } : classify(exchange, FAILURES, readFault)
}

function mailData(message: OutgoingMessage, { settings }: Connection<Credentials, Settings>): MailData {
  const content = message.content as unknown as RenderedEmail
  return {
    to: message.address,
    // A name with `;` or `,` is read as a list of addresses.
    from: { email: settings.fromEmail, ...(settings.fromName ? { name: settings.fromName.replace(/[;,]/g, ' ') } : {}) },
    ...(content.replyTo ? { replyTo: content.replyTo } : {}),
    subject: content.subject,
    html: withPreheader(content),
    ...(content.text ? { text: content.text } : {}),
    ...(content.attachments?.length ? { attachments: content.attachments.map(fileData) } : {}),
    // Come back on every event of this mail.
    customArgs: { [MESSAGE_ARGUMENT]: message.id },
    // RFC 8058: the mail client unsubscribes with one POST. SendGrid signs both headers with DKIM, as the RFC asks.
    ...(message.unsubscribeUrl
      ? { headers: { 'List-Unsubscribe': `<${message.unsubscribeUrl}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } }
      : {}),
  }
}

/** The SDK passes files on as they are, under SendGrid's own names, whatever its types say. */
function fileData({ name, contentType, contentId, content }: MailAttachment): MailFile {
  const file = { content, filename: name, type: contentType, disposition: 'attachment' }
  return contentId ? ({ ...file, disposition: 'inline', content_id: contentId } as MailFile) : file
}

function readFault(body: string): ProviderFault {
  try {
    const first = (JSON.parse(body) as { errors?: { message?: unknown; field?: unknown }[] } | null)?.errors?.[0]
    return {
      code: typeof first?.field === 'string' ? first.field.replace(/\.?\b\d+\b/g, '') : null,
      message: typeof first?.message === 'string' ? first.message : null,
    }
  } catch {
    return { code: null, message: null }
  }
}
