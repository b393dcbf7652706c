import type { SendOutcome } from '../domain/delivery.ts'
import { type Infer, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import { classify, type ProviderFault } from './failures.ts'
import { type Exchange, openTransport, type TransportOptions } from './http.ts'
import { messageBody } from './meta-body.ts'
import { answerChallenge, parseMeta, verifyMeta } from './meta-callbacks.ts'
import { isAccessCode, META_FAILURES } from './meta-codes.ts'
import { readTemplates } from './meta-templates.ts'

const token = (title: string) => text({ title, pattern: /^[\x21-\x7e]+$/, max: 1_000 })
const CREDENTIALS = object({
  accessToken: token('Access token'),
  appSecret: token('App secret'),
  verifyToken: token('Verify token'),
})
const SETTINGS = object({
  phoneNumberId: text({ title: 'Phone number ID', pattern: /^\d{5,20}$/ }),
  businessAccountId: text({ title: 'WhatsApp Business Account ID', pattern: /^\d{5,20}$/ }),
  version: optional(text({ title: 'Graph API version', pattern: /^v\d{1,3}\.\d$/ })),
})
type Credentials = Infer<typeof CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/** Every version is served for two years from its release. */
const VERSION = 'v23.0'

/**
 * WhatsApp through Meta's Cloud API, which has no SDK of its own for Node. No idempotency there either, and nothing to
 * look a message up by: our id comes back with every status.
 */
export function meta(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'whatsapp',
    provider: 'meta',
    title: 'WhatsApp Cloud API',
    credentials: CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
    callbacks: {
      verify: (request, { credentials }) => verifyMeta(request, credentials.appSecret),
      parse: (request, { settings }) => parseMeta(request, settings),
      challenge: (query, { credentials }) => answerChallenge(query, credentials.verifyToken),
    },
    templates: (connection) =>
      readTemplates(openTransport(options), {
        url: `${rootOf(connection)}/${connection.settings.businessAccountId}/message_templates`,
        accessToken: connection.credentials.accessToken,
      }),
  }
}

function rootOf({ baseUrl, settings }: Connection<Credentials, Settings>): string {
  return `${(baseUrl ?? 'https://graph.facebook.com').replace(/\/$/, '')}/${settings.version ?? VERSION}`
}

function connect(connection: Connection<Credentials, Settings>, options: TransportOptions): Sender {
  const transport = openTransport(options)
  const url = `${rootOf(connection)}/${connection.settings.phoneNumberId}/messages`
  const headers = { authorization: `Bearer ${connection.credentials.accessToken}`, 'content-type': 'application/json' }
  return {
    async send(message) {
      const answer = await transport.exchange({ method: 'POST', url, headers, body: JSON.stringify(messageBody(message)) })
      if (answer.type === 'answer' && answer.status >= 200 && answer.status < 300) return accepted(answer.body)
      return classify(withAccess(answer), META_FAILURES, readFault)
    },
    close: () => transport.close(),
  }
}

function accepted(body: string): SendOutcome {
  const unreadable = { type: 'ambiguous', code: 'UNREADABLE', message: 'The answer names no message.' } as const
  try {
    const parsed = JSON.parse(body) as { messages?: { id?: unknown }[] } | null
    const id = parsed?.messages?.[0]?.id
    return typeof id === 'string' && id !== '' ? { type: 'ok', providerMessageId: id } : unreadable
  } catch {
    return unreadable
  }
}

/** An expired token is answered with 400 too, a missing permission with 500: neither may lose the message, or leave it in doubt. */
function withAccess(answer: Exchange): Exchange {
  return answer.type === 'answer' && isAccessCode(readFault(answer.body).code) ? { ...answer, status: 401 } : answer
}

function readFault(body: string): ProviderFault {
  try {
    const { error } = (JSON.parse(body) ?? {}) as { error?: { code?: unknown; message?: unknown; error_data?: { details?: unknown } } }
    const details = error?.error_data?.details
    const message = typeof details === 'string' ? details : error?.message
    return { code: typeof error?.code === 'number' ? String(error.code) : null, message: typeof message === 'string' ? message : null }
  } catch {
    return { code: null, message: null }
  }
}
