import type { Channel } from './channel.ts'
import type { JsonObject } from './json.ts'
import { choice, custom, flag, number, object, optional, type Shape, text } from './shape.ts'

/** What a workspace must know of a provider to connect one: settings panels are made from it. */
export interface ProviderDescription {
  provider: string
  channel: Channel
  title: string
  /** Write-only. */
  credentials: Shape<JsonObject>
  settings: Shape<JsonObject>
  /** Credentials and settings that say whose account it is: with others it would be another connection. */
  account: readonly string[]
}

/** What goes into an HTTP header as it is. */
const VISIBLE = /^[\x21-\x7e]+$/
const token = (title: string) => text({ title, pattern: VISIBLE, max: 200 })

/** A number in E.164, a short code, or an alphanumeric sender: https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id. */
export const SMS_SENDER = /^(\+[1-9]\d{6,14}|\d{3,8}|(?=[\d ]*[A-Za-z])[A-Za-z\d][A-Za-z\d ]{0,10})$/

const TWILIO_ACCOUNT = object({
  accountSid: text({ title: 'Account SID', pattern: /^AC[0-9a-f]{32}$/ }),
  authToken: token('Auth token'),
}) as unknown as Shape<JsonObject>
const MESSAGING_SERVICE = text({ title: 'Messaging service SID', pattern: /^MG[0-9a-f]{32}$/ })

const TWILIO_SETTINGS = object({
  from: optional(
    text({ title: 'Sender', description: 'A number in E.164, a short code or a sender ID; or name a messaging service.', pattern: SMS_SENDER }),
  ),
  messagingServiceSid: optional(MESSAGING_SERVICE),
  costPerSegment: optional(number({ title: 'Cost of one part', description: 'Recorded where Twilio names no price.', min: 0, max: 10 })),
})

/** Without either, Twilio would refuse every message. */
const withSender = <T extends { from?: string; messagingServiceSid?: string }>(shape: Shape<T>): Shape<JsonObject> =>
  custom<T>({ ...shape.schema, anyOf: [{ required: ['from'] }, { required: ['messagingServiceSid'] }] }, (value, path, report) => {
    const parsed = shape.parse(value, path, report)
    if (parsed === undefined || parsed.from !== undefined || parsed.messagingServiceSid !== undefined) return parsed
    return void report(path, 'needs a sender number or a messaging service')
  }) as unknown as Shape<JsonObject>

/** One line a provider; the adapters' own shapes are held against this table by test. */
export const PROVIDERS: readonly ProviderDescription[] = [
  {
    provider: 'sendgrid',
    channel: 'email',
    title: 'Twilio SendGrid',
    account: [],
    credentials: object({
      apiKey: token('API key'),
      webhookPublicKey: optional(
        text({ title: 'Event webhook verification key', description: 'As Mail Settings shows it: base64 of a P-256 key.', max: 500 }),
      ),
    }) as unknown as Shape<JsonObject>,
    settings: object({
      fromEmail: text({ title: 'Sender address', format: 'email', max: 320 }),
      fromName: optional(text({ title: 'Sender name', max: 200 })),
    }) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'smtp',
    channel: 'email',
    title: 'SMTP',
    account: [],
    credentials: object({
      username: optional(text({ title: 'User name', max: 320 })),
      password: optional(text({ title: 'Password', max: 1_000 })),
    }) as unknown as Shape<JsonObject>,
    settings: object({
      host: text({ title: 'Host', description: 'Public, or one of the installation’s PRIVATE_HOSTS.', pattern: /^[A-Za-z0-9.:-]+$/, max: 253 }),
      port: number({ title: 'Port', description: '587 with STARTTLS, 465 with TLS.', integer: true, min: 1, max: 65_535 }),
      security: choice(['STARTTLS', 'TLS', 'NONE'], {
        title: 'Encryption',
        description: 'Required as named; NONE for a relay on a trusted network.',
      }),
      caCertificate: optional(
        text({ title: 'Certificate authority', description: 'PEM, where the server’s certificate is of your own making.', max: 20_000 }),
      ),
      fromEmail: text({ title: 'Sender address', format: 'email', max: 320 }),
      fromName: optional(text({ title: 'Sender name', max: 200 })),
    }) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'twilio',
    channel: 'sms',
    title: 'Twilio',
    account: ['accountSid'],
    credentials: TWILIO_ACCOUNT,
    settings: withSender(TWILIO_SETTINGS),
  },
  {
    provider: 'fcm',
    channel: 'push',
    title: 'Firebase Cloud Messaging',
    account: ['projectId'],
    credentials: object({
      projectId: text({ title: 'Project', pattern: /^[a-z0-9-]{4,60}$/ }),
      clientEmail: text({ title: "The service account's email", max: 320 }),
      privateKey: text({ title: "The service account's private key", description: 'PEM, as in the JSON file Google gives.', max: 10_000 }),
    }) as unknown as Shape<JsonObject>,
    settings: object({}) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'webpush',
    channel: 'web_push',
    title: 'Web push',
    account: ['privateKey', 'publicKey'],
    credentials: object({
      privateKey: text({
        title: 'VAPID private key',
        description: '32 bytes as base64url, as `npx web-push generate-vapid-keys` prints it.',
        pattern: /^[\w-]{43}$/,
      }),
    }) as unknown as Shape<JsonObject>,
    settings: object({
      publicKey: text({ title: 'VAPID public key', description: 'What pages subscribe with: 65 bytes as base64url.', pattern: /^B[A-P][\w-]{85}$/ }),
      subject: text({
        title: 'Contact',
        description: 'Whom a push service writes to about this sender: a mailto: or https: address.',
        pattern: /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/,
        max: 320,
      }),
    }) as unknown as Shape<JsonObject>,
  },
  {
    provider: 'twilio_whatsapp',
    channel: 'whatsapp',
    title: 'Twilio WhatsApp',
    account: ['accountSid', 'from', 'messagingServiceSid'],
    credentials: TWILIO_ACCOUNT,
    settings: withSender(
      object({
        from: optional(text({ title: 'WhatsApp number', description: 'E.164; or name a messaging service.', pattern: /^\+[1-9]\d{6,14}$/ })),
        messagingServiceSid: optional(MESSAGING_SERVICE),
      }),
    ),
  },
  {
    provider: 'twilio_rcs',
    channel: 'rcs',
    title: 'Twilio RCS',
    account: ['accountSid', 'from', 'messagingServiceSid'],
    credentials: TWILIO_ACCOUNT,
    settings: withSender(
      object({
        from: optional(text({ title: 'RCS sender', description: 'Its ID; or name a messaging service.', pattern: /^\w{1,100}$/ })),
        messagingServiceSid: optional(MESSAGING_SERVICE),
        providerFallsBack: optional(
          flag({ title: 'Twilio falls back to SMS', description: "By the messaging service's own senders; journeys must not do it, too." }),
        ),
      }),
    ),
  },
  {
    provider: 'meta',
    channel: 'whatsapp',
    title: 'WhatsApp Cloud API',
    account: ['phoneNumberId', 'businessAccountId'],
    credentials: object({
      accessToken: text({
        title: 'Access token',
        description: "A system user's, with whatsapp_business_messaging and _management.",
        pattern: VISIBLE,
        max: 1_000,
      }),
      appSecret: text({ title: 'App secret', description: 'Signs the webhooks.', pattern: VISIBLE, max: 1_000 }),
      verifyToken: text({
        title: 'Verify token',
        description: 'Your own choice; enter it with the address of the webhooks.',
        pattern: VISIBLE,
        max: 1_000,
      }),
    }) as unknown as Shape<JsonObject>,
    settings: object({
      phoneNumberId: text({ title: 'Phone number ID', pattern: /^\d{5,20}$/ }),
      businessAccountId: text({ title: 'WhatsApp Business Account ID', pattern: /^\d{5,20}$/ }),
      version: optional(text({ title: 'Graph API version', description: 'Such as v23.0.', pattern: /^v\d{1,3}\.\d$/ })),
    }) as unknown as Shape<JsonObject>,
  },
]

export function describeProvider(provider: string): ProviderDescription | undefined {
  return PROVIDERS.find((each) => each.provider === provider)
}
