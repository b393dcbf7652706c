import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import type { ProviderTemplate } from '../domain/whatsapp-template.ts'
import { ThroughlineError } from '../errors.ts'
import type { ChannelAdapter, Connection } from './channel.ts'
import { fcm } from './fcm.ts'
import { meta } from './meta.ts'
import { sendgrid } from './sendgrid.ts'
import { smtp } from './smtp.ts'
import { twilioRcs } from './twilio-rcs.ts'
import { twilioSms } from './twilio-sms.ts'
import { twilioWhatsapp } from './twilio-whatsapp.ts'
import { webPush } from './web-push.ts'

/** Every provider this build can send through, by the name it has in URLs and in `Message.provider`. */
export const ADAPTERS = {
  sendgrid: sendgrid(),
  smtp: smtp(),
  twilio: twilioSms(),
  fcm: fcm(),
  meta: meta(),
  twilio_whatsapp: twilioWhatsapp(),
  twilio_rcs: twilioRcs(),
  webpush: webPush(),
} as const

export type Provider = keyof typeof ADAPTERS

export function isProvider(name: string): name is Provider {
  return Object.hasOwn(ADAPTERS, name)
}

/**
 * The adapter of a provider, its credentials and settings as plain JSON: check them with the adapter's shapes before
 * connecting. Throws INVALID_INPUT for a name that is not in the table.
 */
export function adapterFor(provider: string): ChannelAdapter {
  if (!isProvider(provider)) throw new ThroughlineError('INVALID_INPUT', `There is no provider «${provider}».`, { path: ['provider'] })
  return ADAPTERS[provider] as unknown as ChannelAdapter
}

/** Sends one message through a connection that is opened for it alone. */
export async function sendOnce(connection: Connection, message: OutgoingMessage): Promise<SendOutcome> {
  const sender = adapterFor(connection.provider).connect(connection)
  try {
    return await sender.send(message)
  } finally {
    await sender.close()
  }
}

/** What the provider of this connection says of its templates; null for a provider that has none. Throws UNAVAILABLE. */
export async function providerTemplates(connection: Omit<Connection, 'callbackUrl'>): Promise<ProviderTemplate[] | null> {
  const { templates } = adapterFor(connection.provider)
  // Nothing is sent, so there is nothing to call back about.
  return templates === undefined ? null : templates({ ...connection, callbackUrl: '' })
}
