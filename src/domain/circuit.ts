import type { Channel } from './channel.ts'
import type { SendOutcome } from './delivery.ts'

/**
 * Channels whose addresses any provider reaches, so that a second connection can stand in for the first. A push token
 * belongs to its project and a WhatsApp conversation to its number: sent through another, they would be found dead.
 */
const PORTABLE: ReadonlySet<Channel> = new Set(['email', 'sms'])
export const mayFailOver = (channel: Channel): boolean => PORTABLE.has(channel)

/** A failure of the connection's own, and what it does to its circuit. Durations are milliseconds. */
export interface ConnectionFault {
  code: string
  /** So many in a row open the circuit. */
  opensAfter: number
  /** For so long at first, doubling with each further one… */
  openFor: number
  /** …up to this. */
  atMost: number
}

const LIMITS = { code: 'RATE_LIMITED', opensAfter: 1, openFor: 30_000, atMost: 600_000 }
const AUTH = { opensAfter: 1, openFor: 60_000, atMost: 600_000 }
const NETWORK = { opensAfter: 3, openFor: 15_000, atMost: 300_000 }
/** Answers that leave messages in doubt: those are not sent again, but whoever comes next is better off elsewhere. */
const IN_DOUBT = { opensAfter: 5, openFor: 30_000, atMost: 300_000 }

/** Refusals of an account rather than of a message: ours, and Twilio's for a suspended account and for queues that are full. */
const ACCOUNT_CODES: ReadonlySet<string> = new Set(['AUTH', 'TURNED_AWAY', '20005', '14107', '21611', '30001'])
/** No connection came about, in Node's, undici's, OpenSSL's or our own words. */
const NETWORK_CODES = /^(E[A-Z]{3,}|EAI_[A-Z]+|UND_ERR_[A-Z_]+|ERR_[A-Z_]+|NETWORK|TIMEOUT|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_[A-Z_]+|ADDRESS_REFUSED)$/

/**
 * What one attempt says of its connection: 'sound' where the provider dealt with the message, well or ill; a fault where
 * the connection kept it from that; null where it says nothing.
 */
export function judgeConnection(outcome: SendOutcome): ConnectionFault | 'sound' | null {
  switch (outcome.type) {
    case 'ok':
      return 'sound'
    case 'held':
      return null
    case 'permanent':
      // Of what could not be built the provider never heard.
      return outcome.code === 'INVALID_MESSAGE' ? null : 'sound'
    case 'ambiguous':
      return { code: outcome.code, ...IN_DOUBT }
    case 'retry': {
      const { code, retryAfter } = outcome
      // Told for how long, it is open for no longer.
      if (code === 'RATE_LIMITED') return retryAfter === undefined ? LIMITS : { ...LIMITS, openFor: retryAfter, atMost: retryAfter }
      if (ACCOUNT_CODES.has(code)) return { code, ...AUTH }
      return NETWORK_CODES.test(code) ? { code, ...NETWORK } : null
    }
  }
}

/**
 * The outcome of a message whose connection's circuit is open while another could take it: what its own provider asked
 * to wait for does not hold for the other. Only where certainly nothing has happened.
 */
export function failOver(outcome: SendOutcome): SendOutcome {
  if (outcome.type !== 'retry') return outcome
  const { retryAfter: _provider, ...rest } = outcome
  return rest
}

export const CIRCUIT_STATES = ['CLOSED', 'OPEN', 'HALF_OPEN'] as const
export type CircuitState = (typeof CIRCUIT_STATES)[number]

/** How a connection stands, by when its circuit opens until (Unix milliseconds; null: it is closed). */
export function circuitState(openUntil: number | null, now: number): CircuitState {
  if (openUntil === null) return 'CLOSED'
  return openUntil > now ? 'OPEN' : 'HALF_OPEN'
}
