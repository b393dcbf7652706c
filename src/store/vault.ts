import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { ThroughlineError } from '../errors.ts'

/**
 * Contact details and credentials at rest. Every workspace has a ring of data keys, wrapped by the installation's master key.
 * All sealed bytes begin with the format and the id of the key that sealed them, so that both kinds of key can be
 * changed while old bytes stay readable:
 *   sealed field: 1 | key number (2) | nonce (12) | tag (16) | AES-256-GCM ciphertext
 *   wrapped ring: 1 | first 4 bytes of SHA-256(master key) | nonce (12) | tag (16) | ciphertext of [number (2) | key (32)]…
 */
export interface WorkspaceKeys {
  seal(text: string): Buffer
  /** Throws INTERNAL where the bytes were altered or belong to another workspace. */
  open(bytes: Uint8Array): string
  /**
   * What an address is looked up by: the same address gives the same text in this workspace only. `kind` keeps a phone number
   * from matching an equal text of another channel; `normalised` must be normalised already.
   */
  blindIndex(kind: string, normalised: string): string
}

export interface Vault {
  /** A new workspace's wrapped ring, holding one key. */
  createDataKey(): Buffer
  open(wrapped: Uint8Array): WorkspaceKeys
  /** The ring with a newer key in it, wrapped by the current master key; old fields stay readable. */
  rotate(wrapped: Uint8Array): Buffer
}

const FORMAT = 1
const NONCE = 12
const TAG = 16
const KEY = 32

interface DataKey {
  number: number
  key: Buffer
}

function encrypt(key: Buffer, header: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(header)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([header, nonce, cipher.getAuthTag(), body])
}

function decrypt(key: Buffer, sealed: Buffer, headerLength: number): Buffer {
  const nonce = sealed.subarray(headerLength, headerLength + NONCE)
  const tag = sealed.subarray(headerLength + NONCE, headerLength + NONCE + TAG)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
    decipher.setAAD(sealed.subarray(0, headerLength))
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed.subarray(headerLength + NONCE + TAG)), decipher.final()])
  } catch (cause) {
    throw new ThroughlineError('INTERNAL', 'Sealed bytes do not open: they were altered, or sealed under another key.', { cause })
  }
}

function header(...parts: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([FORMAT]), ...parts])
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(number)
  return bytes
}

const masterId = (master: Buffer) => createHash('sha256').update(master).digest().subarray(0, 4)

/** `previous` master keys only unwrap, so that a new one can take over ring by ring. Each is 32 bytes. */
export function createVault(master: Buffer, previous: readonly Buffer[] = []): Vault {
  const masters = [master, ...previous]
  for (const each of masters) {
    if (each.length !== KEY) throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY must be 32 bytes in base64.', { path: ['SECRET_KEY'] })
  }
  const wrap = (ring: readonly DataKey[]) =>
    encrypt(master, header(masterId(master)), Buffer.concat(ring.flatMap((each) => [numberBytes(each.number), each.key])))

  function unwrap(wrapped: Uint8Array): DataKey[] {
    const bytes = Buffer.from(wrapped)
    const id = bytes.subarray(1, 5)
    const key = bytes[0] === FORMAT ? masters.find((each) => masterId(each).equals(id)) : undefined
    if (!key) throw new ThroughlineError('CONFIG_INVALID', 'This database was sealed under another SECRET_KEY.', { path: ['SECRET_KEY'] })
    const plain = decrypt(key, bytes, 5)
    const ring: DataKey[] = []
    for (let at = 0; at < plain.length; at += 2 + KEY) ring.push({ number: plain.readUInt16BE(at), key: plain.subarray(at + 2, at + 2 + KEY) })
    return ring
  }

  return {
    createDataKey: () => wrap([{ number: 1, key: randomBytes(KEY) }]),
    rotate(wrapped) {
      const ring = unwrap(wrapped)
      return wrap([...ring, { number: (ring.at(-1)?.number ?? 0) + 1, key: randomBytes(KEY) }])
    },
    open: (wrapped) => openRing(unwrap(wrapped)),
  }
}

function openRing(ring: readonly DataKey[]): WorkspaceKeys {
  const [first] = ring
  const newest = ring.at(-1)
  if (!first || !newest) throw new ThroughlineError('INTERNAL', 'A workspace has an empty key ring.')
  // From the first key for ever: an index that changed with each rotation would find nothing.
  const indexKey = Buffer.from(hkdfSync('sha256', first.key, '', 'throughline blind index', KEY))
  return {
    seal: (text) => encrypt(newest.key, header(numberBytes(newest.number)), Buffer.from(text, 'utf8')),
    open(bytes) {
      const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const number = sealed.length > 3 + NONCE + TAG - 1 && sealed[0] === FORMAT ? sealed.readUInt16BE(1) : -1
      const key = ring.find((each) => each.number === number)
      if (!key) throw new ThroughlineError('INTERNAL', 'Sealed bytes name a key that is not in this workspace.')
      return decrypt(key.key, sealed, 3).toString('utf8')
    },
    blindIndex: (kind, normalised) => createHmac('sha256', indexKey).update(`${kind}\u0000${normalised}`).digest('base64url'),
  }
}
