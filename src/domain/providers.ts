import type { Channel } from './channel.ts'
import type { JsonObject } from './json.ts'
import { object, optional, type Shape, text } from './shape.ts'

/** What a workspace must know of a provider to connect one: settings panels are made from it. */
export interface ProviderDescription {
  provider: string
  channel: Channel
  title: string
  /** Write-only. */
  credentials: Shape<JsonObject>
  settings: Shape<JsonObject>
}

const secret = (title: string, max = 500) => text({ title, max })

/** One line a provider; the adapters' own shapes are held against this table by test. */
export const PROVIDERS: readonly ProviderDescription[] = [
  {
    provider: 'sendgrid',
    channel: 'email',
    title: 'Twilio SendGrid',
    credentials: object({ apiKey: secret('API key'), webhookPublicKey: optional(secret('Event webhook verification key', 1_000)) }) as unknown as Shape<JsonObject>,
    settings: object({ fromEmail: text({ title: 'Sender address', format: 'email', max: 254 }), fromName: optional(text({ title: 'Sender name', max: 100 })) }) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'twilio',
    channel: 'sms',
    title: 'Twilio',
    credentials: object({ accountSid: secret('Account SID'), authToken: secret('Auth token') }) as unknown as Shape<JsonObject>,
    settings: object({ from: optional(text({ title: 'Sender number (E.164)', max: 20 })), messagingServiceSid: optional(text({ title: 'Messaging service SID', max: 50 })) }) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'fcm',
    channel: 'push',
    title: 'Firebase Cloud Messaging',
    credentials: object({ projectId: secret('Project id'), clientEmail: secret('Service account'), privateKey: secret('Private key (PEM)', 5_000) }) as unknown as Shape<JsonObject>,
    settings: object({}) as unknown as Shape<JsonObject>,
  },
]

export function describeProvider(provider: string): ProviderDescription | undefined {
  return PROVIDERS.find((each) => each.provider === provider)
}
