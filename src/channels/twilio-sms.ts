import type { SmsContent } from '../domain/content/sms.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import { SMS_SENDER } from '../domain/providers.ts'
import { type Infer, number, object, optional, text } from '../domain/shape.ts'
import { reckonSms } from '../domain/sms-segments.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import type { TransportOptions } from './http.ts'
import { parseTwilio, RETRY_FRAGMENT, verifyTwilio } from './twilio-callbacks.ts'
import { openTwilio, TWILIO_CREDENTIALS } from './twilio-client.ts'

const SETTINGS = object({
  from: optional(text({ title: 'Sender', description: 'A number in E.164, a short code or a sender ID.', pattern: SMS_SENDER })),
  messagingServiceSid: optional(text({ title: 'Messaging service SID', pattern: /^MG[0-9a-f]{32}$/ })),
  costPerSegment: optional(number({ title: 'Cost of one part', description: 'Recorded where Twilio names no price.', min: 0, max: 10 })),
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
    send: async (message) => priced(await client.create(parameters(message, connection)), message, connection.settings),
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
    statusCallback: `${callbackUrl}?message=${message.id}&attempt=${message.attempt}${RETRY_FRAGMENT}`,
    ...(content.mediaUrls && content.mediaUrls.length > 0 ? { mediaUrl: content.mediaUrls } : {}),
  }
}

/** What its parts cost, where Twilio does not say, which is so until it has gone out. With media it travels as MMS, which has another price. */
function priced(outcome: SendOutcome, { content }: OutgoingMessage, { costPerSegment }: Settings): SendOutcome {
  const { body, mediaUrls = [] } = content as unknown as SmsContent
  if (outcome.type !== 'ok' || outcome.cost !== undefined || costPerSegment === undefined || mediaUrls.length > 0) return outcome
  return { ...outcome, cost: Number((reckonSms(body).segments * costPerSegment).toFixed(6)) }
}
