import { createECDH, createHash, createHmac, type ECDH } from 'node:crypto'
import type { PushSubscription } from '../domain/push-subscription.ts'

export interface WebPushAccount {
  credentials: { privateKey: string }
  settings: { publicKey: string; subject: string }
}

/** A sender's VAPID keys, derived from its name. */
export function webPushAccount(name: string): WebPushAccount {
  const curve = keyOf(`vapid ${name}`)
  return {
    // A leading zero byte is left out by the curve.
    credentials: {
      privateKey: Buffer.concat([Buffer.alloc(32), curve.getPrivateKey()])
        .subarray(-32)
        .toString('base64url'),
    },
    settings: { publicKey: curve.getPublicKey('base64url'), subject: `mailto:push@${name}.example` },
  }
}

/** A browser as its push service knows it: who it is, and what it takes messages with. Derived from its name, so nobody keeps a list. */
export interface Receiver {
  name: string
  curve: ECDH
  auth: Buffer
}

export function receiverOf(name: string): Receiver {
  return {
    name,
    curve: keyOf(`browser ${name}`),
    auth: createHash('sha256').update(`throughline sandbox web push auth ${name}`).digest().subarray(0, 16),
  }
}

const PATH = '/web-push/messages/'

/**
 * What `pushManager.subscribe({ applicationServerKey })` of the browser `name` ([A-Za-z0-9_-], up to 64) answers at the
 * push service `origin`. Names that begin with `unregistered` are of browsers that have gone.
 */
export function sandboxSubscription(name: string, applicationServerKey: string, origin: string): PushSubscription {
  const { curve, auth } = receiverOf(name)
  return {
    endpoint: `${origin}${PATH}${name}.${markOf(name, applicationServerKey)}`,
    keys: { p256dh: curve.getPublicKey('base64url'), auth: auth.toString('base64url') },
  }
}

/** Whose endpoint a path is, and the mark of the key it was made for; null for any other path. */
export function readEndpoint(path: string): { name: string; mark: string } | null {
  const match = path.startsWith(PATH) ? /^([\w-]{1,64})\.([\w-]{22})$/.exec(path.slice(PATH.length)) : null
  return match?.[1] !== undefined && match[2] !== undefined ? { name: match[1], mark: match[2] } : null
}

/** Ties an endpoint to the one sender it was made for (RFC 8292 §4.1). */
export function markOf(name: string, applicationServerKey: string): string {
  return createHmac('sha256', 'throughline sandbox web push').update(`${name} ${applicationServerKey}`).digest('base64url').slice(0, 22)
}

/** Any 32 bytes below the curve's order are a key of it. */
function keyOf(of: string): ECDH {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(createHash('sha256').update(`throughline sandbox web push ${of}`).digest())
  return curve
}
