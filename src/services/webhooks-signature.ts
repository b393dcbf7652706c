import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const PREFIX = 'whsec_'
/** Seconds a signature may be old, or in the future: a clock's error, not a replay. */
const TOLERANCE = 300

/** A new signing secret, as Standard Webhooks writes them: `whsec_` and 32 bytes in base64. */
export const makeSigningSecret = (): string => PREFIX + randomBytes(32).toString('base64')

/** The bytes of a signing secret; null for text that is none. 24 to 64 of them, as the standard asks. */
function keyOf(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  const key = Buffer.from(text, 'base64')
  return key.length >= 24 && key.length <= 64 ? key : null
}

export const isSigningSecret = (secret: string): boolean => keyOf(secret) !== null

const digest = (key: Buffer, id: string, timestamp: string, body: string | Buffer): Buffer =>
  createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()

/**
 * The headers of a delivery signed with one or, while receivers change over, two secrets: https://github.com/standard-webhooks,
 * §Signature scheme, symmetric `v1`. `at` in Unix milliseconds.
 */
export function signatureHeaders(secrets: readonly string[], id: string, at: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000))
  const signatures = secrets.flatMap((secret) => {
    const key = keyOf(secret)
    return key === null ? [] : [`v1,${digest(key, id, timestamp, body).toString('base64')}`]
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

/**
 * Whether a request was signed with the secret, not longer ago than five minutes: any of the signatures it came with may be
 * ours. Never throws, whatever the headers hold. `now` in Unix milliseconds.
 */
export function isSigned(secret: string, headers: Readonly<Record<string, string | undefined>>, body: Buffer, now: number): boolean {
  const key = keyOf(secret)
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (key === null || !id || id.includes('.') || signatures === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE) return false
  const expected = digest(key, id, timestamp, body)
  return signatures
    .split(' ')
    .slice(0, 10)
    .some((each) => {
      const [version, value = ''] = each.split(',')
      const given = Buffer.from(value, 'base64')
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
    })
}
