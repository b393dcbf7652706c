import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Json } from '../domain/json.ts'

/** What a token is for: one made for a tracked link never passes as an unsubscribe link. */
export type TokenPurpose = 'contact' | 'unsubscribe' | 'click' | 'open'

export interface Tokens {
  /** `expiresAt` in Unix milliseconds; left out, the token does not expire. The payload is readable by whoever holds it. */
  sign(purpose: TokenPurpose, payload: Json, expiresAt?: number): string
  /** The payload; null for a token that is malformed, altered, expired, or made for something else. Never throws. */
  verify(purpose: TokenPurpose, token: string, now?: number): Json | null
}

/** 128 bits: more than can be guessed, and links in messages should be short. */
const MAC_BYTES = 16

/** Tokens signed under the installation's master key: `payload.mac`, both base64url. */
export function createTokens(master: Buffer): Tokens {
  const key = Buffer.from(hkdfSync('sha256', master, '', 'throughline tokens', 32))
  const mac = (purpose: TokenPurpose, body: string) => createHmac('sha256', key).update(`${purpose}\u0000${body}`).digest().subarray(0, MAC_BYTES)
  return {
    sign(purpose, payload, expiresAt) {
      const body = Buffer.from(JSON.stringify([payload, expiresAt ?? 0])).toString('base64url')
      return `${body}.${mac(purpose, body).toString('base64url')}`
    },
    verify(purpose, token, now = Date.now()) {
      const [body, signature, ...rest] = token.split('.')
      if (!body || !signature || rest.length > 0) return null
      const given = Buffer.from(signature, 'base64url')
      if (given.length !== MAC_BYTES || !timingSafeEqual(given, mac(purpose, body))) return null
      const [payload, expiresAt] = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as [Json, number]
      return expiresAt !== 0 && expiresAt <= now ? null : payload
    },
  }
}
