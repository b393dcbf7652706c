import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Channel } from '../domain/channel.ts'

const EMAIL = /^[^\s@"(),:;<>[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/**
 * One spelling per address: E.164 for numbers, lower case for email (local parts differing only in case are
 * one person everywhere in practice), tokens as they are. null for what is none.
 */
export function normaliseAddress(channel: Channel, address: string): string | null {
  const trimmed = address.trim()
  switch (channel) {
    case 'email': {
      const lower = trimmed.normalize('NFC').toLowerCase()
      return lower.length <= 254 && EMAIL.test(lower) ? lower : null
    }
    case 'sms': {
      const number = parsePhoneNumberFromString(trimmed)
      return number?.isPossible() ? number.number : null
    }
    case 'push':
      return /^[\x21-\x7e]{8,4096}$/.test(trimmed) ? trimmed : null
  }
}

/** Enough to recognise one's own address by, and no more. */
export function maskAddress(channel: Channel, address: string): string {
  if (channel === 'email') return address.replace(/^(.).*(@.*)$/, '$1***$2')
  return channel === 'sms' ? `${address.slice(0, 3)}***${address.slice(-2)}` : `${address.slice(0, 6)}…`
}
