import { hashFraction } from '../domain/hash.ts'

/** Somebody who gets messages, by what they do with them. */
export const PERSONAS = [
  'ignorer',
  'opener',
  'clicker',
  'buyer',
  'machine',
  'bouncer',
  'blocked',
  'slow',
  'complainer',
  'unsubscriber',
  'replier',
  'stopper',
] as const
export type Persona = (typeof PERSONAS)[number]

/** What happens to one message, in order; each comes one pause after the one before. */
export type Reaction =
  | 'processed'
  | 'deferred'
  | 'delivered'
  | 'bounce'
  | 'blocked'
  | 'open'
  | 'machine-open'
  | 'click'
  | 'spamreport'
  | 'unsubscribe'
  | 'sent'
  | 'undelivered'
  | 'reply-yes'
  | 'reply-stop'
  /** Taps the first reply button, where the message has one. */
  | 'tap'

const EMAIL: Readonly<Record<Persona, readonly Reaction[]>> = {
  ignorer: ['processed', 'delivered'],
  opener: ['processed', 'delivered', 'open'],
  clicker: ['processed', 'delivered', 'open', 'click'],
  // Buys in the app, which the sandbox does not see.
  buyer: ['processed', 'delivered'],
  machine: ['processed', 'delivered', 'machine-open'],
  bouncer: ['processed', 'bounce'],
  blocked: ['processed', 'blocked'],
  slow: ['processed', 'deferred', 'delivered'],
  complainer: ['processed', 'delivered', 'open', 'spamreport'],
  unsubscriber: ['processed', 'delivered', 'open', 'unsubscribe'],
  replier: ['processed', 'delivered', 'open'],
  stopper: ['processed', 'delivered', 'open', 'unsubscribe'],
}

const delivered: readonly Reaction[] = ['sent', 'delivered']
const SMS: Readonly<Record<Persona, readonly Reaction[]>> = {
  ignorer: delivered,
  opener: delivered,
  clicker: delivered,
  buyer: delivered,
  machine: delivered,
  bouncer: ['sent', 'undelivered'],
  blocked: ['sent', 'undelivered'],
  slow: delivered,
  complainer: delivered,
  unsubscriber: [...delivered, 'reply-stop'],
  replier: [...delivered, 'reply-yes'],
  stopper: [...delivered, 'reply-stop'],
}

const read: readonly Reaction[] = [...delivered, 'open']
const WHATSAPP: Readonly<Record<Persona, readonly Reaction[]>> = {
  ignorer: delivered,
  opener: read,
  clicker: [...read, 'tap'],
  buyer: read,
  machine: delivered,
  bouncer: ['undelivered'],
  blocked: ['undelivered'],
  slow: delivered,
  complainer: [...read, 'reply-stop'],
  unsubscriber: [...read, 'reply-stop'],
  replier: [...read, 'reply-yes'],
  stopper: [...read, 'reply-stop'],
}

const REACTIONS = { email: EMAIL, sms: SMS, whatsapp: WHATSAPP, rcs: WHATSAPP } as const

export function reactions(channel: keyof typeof REACTIONS, persona: Persona): readonly Reaction[] {
  return REACTIONS[channel][persona]
}

/** How often each turns up among addresses that do not say who they are. */
export type Mix = Partial<Record<Persona, number>>
export const DEFAULT_MIX: Mix = { ignorer: 40, opener: 25, clicker: 15, machine: 8, bouncer: 2, slow: 4, unsubscriber: 1, replier: 5 }

/** The last two digits of a phone number that are somebody in particular. */
const BY_ENDING: Readonly<Record<string, Persona>> = {
  '01': 'bouncer',
  '02': 'stopper',
  '03': 'replier',
  '04': 'ignorer',
}

/**
 * Who stands behind an address: named by how it begins (`clicker.7@…`, `opener-phone-1`), by the last two digits of a
 * phone number (01 bouncer, 02 stopper, 03 replier, 04 ignorer), else drawn from the mix by a hash of the address, so
 * that the same person acts alike every time and in every run of the same seed.
 */
export function personaOf(address: string, seed: string, mix: Mix = DEFAULT_MIX): Persona {
  const word = /^[a-z]+/.exec(address.toLowerCase())?.[0]
  const named = PERSONAS.find((persona) => persona === word)
  if (named) return named
  const byEnding = address.startsWith('+') ? BY_ENDING[address.slice(-2)] : undefined
  return byEnding ?? draw(hashFraction(seed, 'persona', address), mix)
}

function draw(fraction: number, mix: Mix): Persona {
  const weights = PERSONAS.map((persona) => mix[persona] ?? 0)
  let left = fraction * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, persona] of PERSONAS.entries()) {
    left -= weights[index] ?? 0
    if (left < 0) return persona
  }
  return 'ignorer'
}
