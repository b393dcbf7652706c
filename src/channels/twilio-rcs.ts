import type { RcsContent } from '../domain/content/rcs.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import { flag, type Infer, object, optional, text } from '../domain/shape.ts'
import type { ChannelAdapter, Connection, Sender } from './channel.ts'
import type { TransportOptions } from './http.ts'
import { RETRY_FRAGMENT, verifyTwilio } from './twilio-callbacks.ts'
import { openTwilio, TWILIO_CREDENTIALS, type TwilioClient, type TwilioParameters } from './twilio-client.ts'
import { isUnreachable, parseTwilioRcs } from './twilio-rcs-callbacks.ts'
import { type RichContent, richContent } from './twilio-rcs-content.ts'

const SETTINGS = object({
  from: optional(text({ title: 'RCS sender', description: 'Its ID; or name a messaging service.', pattern: /^\w{1,100}$/ })),
  messagingServiceSid: optional(text({ title: 'Messaging service SID', pattern: /^MG[0-9a-f]{32}$/ })),
  providerFallsBack: optional(
    flag({ title: 'Twilio falls back to SMS', description: "By the messaging service's own senders; journeys must not do it, too." }),
  ),
})
type Credentials = Infer<typeof TWILIO_CREDENTIALS>
type Settings = Infer<typeof SETTINGS>

/**
 * RCS through Twilio. Numbers bear a prefix that rules Twilio's own fall-back to SMS out, unless the connection wants that. As with SMS our
 * id travels in the status callback's URL, and a lost answer is looked up.
 */
export function twilioRcs(options: TransportOptions = {}): ChannelAdapter<Credentials, Settings> {
  return {
    channel: 'rcs',
    provider: 'twilio_rcs',
    title: 'Twilio RCS',
    credentials: TWILIO_CREDENTIALS,
    settings: SETTINGS,
    connect: (connection) => connect(connection, options),
    callbacks: {
      verify: (request, connection) => verifyTwilio(request, connection.credentials.authToken),
      parse: (request, connection) => parseTwilioRcs(request, { providerFallsBack: connection.settings.providerFallsBack === true }),
    },
  }
}

function connect(connection: Connection<Credentials, Settings>, options: TransportOptions): Sender {
  const client = openTwilio(connection.credentials, connection.baseUrl, options)
  const contents = openContents(client)
  const addressOf = (address: string) => (connection.settings.providerFallsBack ? address : `rcs:${address}`)
  return {
    async send(message) {
      const content = await parametersOf(message.content as unknown as RcsContent, contents)
      if ('type' in content) return content
      return reached(await client.create({ ...frame(message, connection), to: addressOf(message.address), ...content }))
    },
    lookUp: ({ address, dispatchedAt }) => client.lookUp(addressOf(address), dispatchedAt),
    close: () => client.close(),
  }
}

function frame(message: OutgoingMessage, { settings, callbackUrl }: Connection<Credentials, Settings>) {
  return {
    ...(settings.messagingServiceSid ? { messagingServiceSid: settings.messagingServiceSid } : { from: `rcs:${settings.from ?? ''}` }),
    statusCallback: `${callbackUrl}?message=${message.id}${RETRY_FRAGMENT}`,
  }
}

/** What Twilio said of the phone, and not of the number. */
function reached(outcome: SendOutcome): SendOutcome {
  if (outcome.type !== 'permanent' || !isUnreachable(outcome.code)) return outcome
  return { type: 'permanent', code: 'unreachable', message: `${outcome.message} (${outcome.code})` }
}

type Contents = (content: RichContent) => Promise<{ sid: string } | SendOutcome>

async function parametersOf(content: RcsContent, contents: Contents): Promise<Partial<TwilioParameters> | SendOutcome> {
  const rich = richContent(content)
  if (rich !== null) {
    const made = await contents(rich)
    return 'type' in made ? made : { contentSid: made.sid, contentVariables: JSON.stringify(rich.variables) }
  }
  if (content.content === undefined) return { body: content.body ?? '' }
  const { sid, variables = {} } = content.content
  return { contentSid: sid, ...(Object.keys(variables).length > 0 ? { contentVariables: JSON.stringify(variables) } : {}) }
}

const MOST_CONTENTS = 1_000

/**
 * Makes contents, each once a client. That is a request of its own before the message's, and nobody gets anything by it: whatever is left
 * in doubt is tried again, and a content that is made twice harms nobody.
 */
function openContents(client: TwilioClient): Contents {
  const made = new Map<string, Promise<{ sid: string } | SendOutcome>>()
  return async (content) => {
    const known = made.get(content.name)
    if (known !== undefined) return known
    if (made.size >= MOST_CONTENTS) made.clear()
    // Samples of texts, which Twilio asks for and keeps: never what the first person was written.
    const variables = Object.fromEntries(Object.keys(content.variables).map((number) => [number, `Text ${number}`]))
    const making = client.createContent({ friendly_name: content.name, language: 'en', variables, types: content.types })
    made.set(content.name, making)
    const result = await making
    if ('type' in result) made.delete(content.name)
    return result
  }
}
