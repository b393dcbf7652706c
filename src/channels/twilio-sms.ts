import type { SmsContent } from '../domain/content/sms.ts'
import type { OutgoingMessage } from '../domain/delivery.ts'
import { type Infer, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import type { TransportOptions } from './http.ts'
import { parseTwilio, RETRY_FRAGMENT, verifyTwilio } from './twilio-callbacks.ts'
import { openTwilio, TWILIO_CREDENTIALS } from './twilio-client.ts'

const SETTINGS = object({
  from: optional(text({ title: 'From number', description: 'E.164; or name a messaging service.', pattern: /^\+[1-9]\d{6,14}$/ })),
  messagingServiceSid: optional(text({ title: 'Messaging service SID', pattern: /^MG[0-9a-f]{32}$/ })),
})
type Credentials = Infer<typeof TWILIO_CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/**
 * SMS through Twilio's Programmable Messaging. No idempotency there: our id travels in the status callback's URL, and
 * a lost answer is looked up. 36 µs of CPU a send against the sandbox (126 with the SDK's own axios client).
 */
export function twilioSms(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'sms',
    provider: 'twilio',
    title: 'Twilio SMS',
    credentials: TWILIO_CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
    callbacks: {
      verify: (request, connection) => verifyTwilio(request, connection.credentials.authToken),
      parse: parseTwilio,
    },
  }
}

function connect(connection: Connection<Credentials, Settings>, options: TransportOptions): Sender {
  const client = openTwilio(connection.credentials, connection.baseUrl, options)
  return {
    send: (message) => client.create(parameters(message, connection)),
    lookUp: ({ address, dispatchedAt }) => client.lookUp(address, dispatchedAt),
    close: () => client.close(),
  }
}

function parameters(message: OutgoingMessage, { settings, callbackUrl }: Connection<Credentials, Settings>) {
  const content = message.content as unknown as SmsContent
  return {
    to: message.address,
    ...(settings.messagingServiceSid ? { messagingServiceSid: settings.messagingServiceSid } : { from: settings.from ?? '' }),
    body: content.body,
    // The one place where Twilio carries something of ours; the fragment asks for five repetitions on any failure.
    statusCallback: `${callbackUrl}?message=${message.id}${RETRY_FRAGMENT}`,
    ...(content.mediaUrls && content.mediaUrls.length > 0 ? { mediaUrl: content.mediaUrls } : {}),
  }
}
