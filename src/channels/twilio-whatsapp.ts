import type { WhatsappMessage } from '../domain/content/whatsapp.ts'
import type { OutgoingMessage } from '../domain/delivery.ts'
import { type Infer, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import type { TransportOptions } from './http.ts'
import { RETRY_FRAGMENT, verifyTwilio } from './twilio-callbacks.ts'
import { openTwilio, TWILIO_CREDENTIALS, type TwilioParameters } from './twilio-client.ts'
import { readContents } from './twilio-contents.ts'
import { parseTwilioWhatsapp } from './twilio-whatsapp-inbound.ts'

const SETTINGS = object({
  from: optional(text({ title: 'WhatsApp number', pattern: /^\+[1-9]\d{6,14}$/ })),
  messagingServiceSid: optional(text({ title: 'Messaging service SID', pattern: /^MG[0-9a-f]{32}$/ })),
})
type Credentials = Infer<typeof TWILIO_CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/**
 * WhatsApp through Twilio: numbers with a prefix, templates as contents with a SID. As with SMS our id travels in the
 * status callback's URL, and a lost answer is looked up.
 */
export function twilioWhatsapp(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'whatsapp',
    provider: 'twilio_whatsapp',
    title: 'Twilio WhatsApp',
    credentials: TWILIO_CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
    callbacks: {
      verify: (request, connection) => verifyTwilio(request, connection.credentials.authToken),
      parse: parseTwilioWhatsapp,
    },
    templates: ({ credentials, baseUrl }) => readContents(openTwilio(credentials, baseUrl, options)),
  }
}

function connect(connection: Connection<Credentials, Settings>, options: TransportOptions): Sender {
  const client = openTwilio(connection.credentials, connection.baseUrl, options)
  return {
    async send(message) {
      const content = contentOf(message)
      if (content !== null) return client.create({ ...frame(message, connection), ...content })
      return { type: 'permanent', code: 'INVALID_MESSAGE', message: 'Twilio sends buttons and lists as contents only, and this has no content SID.' }
    },
    lookUp: ({ address, dispatchedAt }) => client.lookUp(`whatsapp:${address}`, dispatchedAt),
    close: () => client.close(),
  }
}

function frame(message: OutgoingMessage, { settings, callbackUrl }: Connection<Credentials, Settings>) {
  return {
    to: `whatsapp:${message.address}`,
    ...(settings.messagingServiceSid ? { messagingServiceSid: settings.messagingServiceSid } : { from: `whatsapp:${settings.from ?? ''}` }),
    statusCallback: `${callbackUrl}?message=${message.id}&attempt=${message.attempt}${RETRY_FRAGMENT}`,
  }
}

/** null for what Twilio has no parameters for. */
function contentOf(message: OutgoingMessage): Partial<TwilioParameters> | null {
  const { session, template } = message.content as unknown as WhatsappMessage
  if (session === undefined) {
    if (template.sid === undefined) return null
    const { variables = {} } = template
    return { contentSid: template.sid, ...(Object.keys(variables).length > 0 ? { contentVariables: JSON.stringify(variables) } : {}) }
  }
  if (session.buttons !== undefined || session.list !== undefined) return null
  return { ...(session.text === undefined ? {} : { body: session.text }), ...(session.media === undefined ? {} : { mediaUrl: [session.media.url] }) }
}
