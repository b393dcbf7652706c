import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Channel } from '../domain/channel.ts'
import { parsePushSubscription, writePushSubscription } from '../domain/push-subscription.ts'
import { isWhatsappUserId } from '../domain/whatsapp.ts'

const EMAIL = /^[^\s@"(),:;<>[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/**
 * One spelling per address: E.164 for numbers (people on WhatsApp may have a user ID instead), lower case for email (local parts differing only in case are
 * one person everywhere in practice), tokens as they are, subscriptions at a known push service or at one of
 * `privateHosts`. null for what is none.
 */
export function normaliseAddress(channel: Channel, address: string, privateHosts: readonly string[] = []): string | null {
  const trimmed = address.trim()
  switch (channel) {
    case 'email': {
      const lower = trimmed.normalize('NFC').toLowerCase()
      return lower.length <= 254 && EMAIL.test(lower) ? lower : null
    }
    case 'sms':
    case 'whatsapp':
    case 'rcs': {
      if (channel === 'whatsapp' && isWhatsappUserId(trimmed)) return trimmed
      const number = parsePhoneNumberFromString(trimmed)
      return number?.isPossible() ? number.number : null
    }
    case 'web_push': {
      const subscription = parsePushSubscription(trimmed, privateHosts)
      return subscription === null ? null : writePushSubscription(subscription)
    }
    case 'push':
      return /^[\x21-\x7e]{8,4096}$/.test(trimmed) ? trimmed : null
    case 'in_app':
      return null
  }
}

/** What an address of the channel is, for people. */
export const ADDRESS_OF: Readonly<Record<Channel, string>> = {
  email: 'an email address',
  sms: 'a phone number in international form (E.164)',
  whatsapp: 'a phone number in international form (E.164), nor a user ID of WhatsApp’s',
  rcs: 'a phone number in international form (E.164)',
  push: 'a device token',
  web_push: 'a push subscription as JSON, at a known push service',
  in_app: 'wanted: in-app messages reach a contact without one',
}

/** Enough to recognise one's own address by, and no more. */
export function maskAddress(channel: Channel, address: string): string {
  if (channel === 'web_push') return `${hostOf(address)}…`
  if (channel === 'email') return address.replace(/^(.).*(@.*)$/, '$1***$2')
  return channel === 'sms' || channel === 'whatsapp' || channel === 'rcs'
    ? `${address.slice(0, 3)}***${address.slice(-2)}`
    : `${address.slice(0, 6)}…`
}

/** The host of a stored subscription: it tells Firefox from Chrome, and nobody can send by it. */
function hostOf(subscription: string): string {
  return /^\{"endpoint":"https?:\/\/([^/"]+)/.exec(subscription)?.[1] ?? ''
}
