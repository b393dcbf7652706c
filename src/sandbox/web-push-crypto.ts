import { createDecipheriv, createPublicKey, hkdfSync, verify } from 'node:crypto'
import type { Receiver } from './web-push-accounts.ts'

const HEADER = 21
const TAG = 16

/**
 * What a browser makes of a message encrypted for it (RFC 8291 §3.4 over RFC 8188): the plaintext, null where it cannot
 * be read. `body` is salt (16) | record size (4) | length of the sender's key (1) | that key (65) | the only record.
 */
export function decryptWebPush(body: Buffer, { curve, auth }: Receiver): string | null {
  const end = HEADER + (body[20] ?? 0)
  if (body.length < end + TAG + 1 || body[20] !== 65) return null
  const salt = body.subarray(0, 16)
  const senderKey = body.subarray(HEADER, end)
  const record = body.subarray(end)
  if (record.length > body.readUInt32BE(16)) return null
  try {
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), curve.getPublicKey(), senderKey])
    const material = Buffer.from(hkdfSync('sha256', curve.computeSecret(senderKey), auth, info, 32))
    const key = Buffer.from(hkdfSync('sha256', material, salt, 'Content-Encoding: aes128gcm\0', 16))
    const nonce = Buffer.from(hkdfSync('sha256', material, salt, 'Content-Encoding: nonce\0', 12))
    const decipher = createDecipheriv('aes-128-gcm', key, nonce)
    decipher.setAuthTag(record.subarray(-TAG))
    const padded = Buffer.concat([decipher.update(record.subarray(0, -TAG)), decipher.final()])
    let last = padded.length - 1
    while (last >= 0 && padded[last] === 0) last -= 1
    // The delimiter of a last record; what follows is padding.
    return padded[last] === 2 ? padded.subarray(0, last).toString('utf8') : null
  } catch {
    return null
  }
}

const DAY = 86_400_000

/** The key that speaks in an Authorization header of scheme `vapid` (RFC 8292 §3), or why it is not believed. `audience` is the push service's origin. */
export function readVapid(header: string | undefined, audience: string, now: number): { key: string } | { fault: string } {
  const token = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=(B[A-P][\w-]{85})$/.exec(header ?? '')
  const [, head = '', claims = '', signature = '', key = ''] = token ?? []
  if (token === null) return { fault: 'no VAPID token' }
  const point = Buffer.from(key, 'base64url')
  try {
    const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
    const signed = Buffer.from(`${head}.${claims}`)
    if (!verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))) return { fault: 'signature' }
    const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown }
    const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    if (alg !== 'ES256') return { fault: 'alg' }
    if (aud !== audience) return { fault: 'aud' }
    if (typeof exp !== 'number' || exp * 1_000 <= now || exp * 1_000 > now + DAY) return { fault: 'exp' }
    if (typeof sub !== 'string' || !/^(mailto:|https:)/.test(sub)) return { fault: 'sub' }
    return { key }
  } catch {
    return { fault: 'token' }
  }
}
