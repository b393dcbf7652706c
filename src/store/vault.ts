import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { ThroughlineError } from '../errors.ts'

/** What one workspace seals its contact details and credentials with. */
export interface WorkspaceKeys {
  /** Under the newest data key that is in use. The same text seals differently each time. */
  seal(text: string): Buffer
  /** Under whichever of the workspace's data keys it was sealed; throws INTERNAL for bytes that were changed or sealed elsewhere. */
  open(bytes: Buffer): string
  /** HMAC-SHA256 in base64url: equal for equal values of a kind, and telling nothing else. Looks up what is sealed. */
  blindIndex(kind: string, normalised: string): string
}

export interface Vault {
  /** A ring of one new data key, wrapped by the newest master key: what the workspace's row keeps. */
  createDataKey(): Buffer
  /** The ring with another key, which seals from `usedFrom` (Unix milliseconds) on; null while the last one added is not in use yet. */
  rotateDataKey(wrapped: Buffer, usedFrom: number): Buffer | null
  /** The same ring wrapped by the newest master key; null where it is already. */
  rewrap(wrapped: Buffer): Buffer | null
  workspaceKeys(workspaceId: string, wrapped: Buffer): WorkspaceKeys
}

/** First byte of everything sealed: another scheme takes another number, and old rows stay readable. */
const VERSION = 2
/** `1 | nonce | tag | ciphertext`, without saying under which key: every key is tried. Read, no longer written. */
const WITHOUT_KEY_ID = 1
const KEY_ID = 4
const NONCE = 12
const TAG = 16
const SECRET = 32

interface Key {
  /** Derived from the key itself, so that nobody has to number keys, and two processes agree on it. */
  id: Buffer
  /** Not its bytes: Node takes 65 µs, each time it is used, to see that those are no key. */
  secret: KeyObject
}

const derive = (secret: Buffer, salt: string, purpose: string, length: number) => Buffer.from(hkdfSync('sha256', secret, salt, purpose, length))
const keyOf = (secret: Buffer): Key => ({ id: derive(secret, '', 'key id', KEY_ID), secret: createSecretKey(secret) })

/** AES-256-GCM: `2 | key id (4) | nonce (12) | tag (16) | ciphertext`, version and key id authenticated with it. */
function seal(key: Key, plain: Buffer): Buffer {
  const header = Buffer.concat([Buffer.of(VERSION), key.id])
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG }).setAAD(header)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([header, nonce, cipher.getAuthTag(), body])
}

/** Without an explicit length Node takes tags of four bytes, which are guessed in an afternoon. */
function decipher(secret: KeyObject, header: Buffer, rest: Buffer): Buffer {
  const opening = createDecipheriv('aes-256-gcm', secret, rest.subarray(0, NONCE), { authTagLength: TAG })
  if (header.length > 1) opening.setAAD(header)
  opening.setAuthTag(rest.subarray(NONCE, NONCE + TAG))
  return Buffer.concat([opening.update(rest.subarray(NONCE + TAG)), opening.final()])
}

/** @param origin what to look at where it fails: ends the sentence «could not be opened: …». */
function open(keys: readonly Key[], sealed: Buffer, origin: string): Buffer {
  const fault = (why: string, cause?: unknown) => new ThroughlineError('INTERNAL', `A sealed value could not be opened: ${why}.`, { cause })
  const header = sealed.subarray(0, sealed[0] === VERSION ? 1 + KEY_ID : 1)
  if (sealed[0] !== VERSION && sealed[0] !== WITHOUT_KEY_ID) throw fault('it was sealed by an unknown scheme')
  const id = header.subarray(1)
  const candidates = id.length === 0 ? keys : keys.filter((key) => key.id.equals(id))
  if (candidates.length === 0) throw fault(`it was sealed under the key ${id.toString('hex')}, which is not among ${origin}`)
  let cause: unknown
  for (const { secret } of candidates) {
    try {
      return decipher(secret, header, sealed.subarray(header.length))
    } catch (error) {
      cause = error
    }
  }
  throw fault(`it was changed, or sealed under a key that is not among ${origin}`, cause)
}

interface DataKey {
  secret: Buffer
  /** Unix milliseconds. Later than its making, so that every process has read the ring again before anything is sealed under it. */
  usedFrom: number
}

type Ring = readonly [DataKey, ...DataKey[]]

const ENTRY = SECRET + 8

/** A ring is its keys, oldest first: `secret (32) | usedFrom (8)` each; or 32 bytes from when there was one key and no ring. */
function readRing(plain: Buffer): Ring {
  if (plain.length === SECRET) return [{ secret: plain, usedFrom: 0 }]
  const at = (start: number): DataKey => ({
    secret: plain.subarray(start, start + SECRET),
    usedFrom: Number(plain.readBigUInt64BE(start + SECRET)),
  })
  return [at(0), ...Array.from({ length: plain.length / ENTRY - 1 }, (_, index) => at((index + 1) * ENTRY))]
}

function writeRing(ring: Ring): Buffer {
  return Buffer.concat(
    ring.flatMap(({ secret, usedFrom }) => {
      const from = Buffer.alloc(8)
      from.writeBigUInt64BE(BigInt(usedFrom))
      return [secret, from]
    }),
  )
}

/**
 * @param newest 32 bytes; wraps rings of data keys and nothing else.
 * @param retired keys that wrapped them before: they open, and never seal.
 */
export function createVault(newest: Buffer, retired: readonly Buffer[] = []): Vault {
  for (const [index, key] of [newest, ...retired].entries()) {
    const name = index === 0 ? 'SECRET_KEY' : 'RETIRED_SECRET_KEYS'
    if (key.length !== SECRET) throw new ThroughlineError('CONFIG_INVALID', `${name} must be 32 bytes.`, { path: [name] })
  }
  const [master, masters] = [keyOf(newest), [newest, ...retired].map(keyOf)]
  const unwrap = (wrapped: Buffer) => open(masters, wrapped, 'SECRET_KEY and RETIRED_SECRET_KEYS')
  return {
    createDataKey: () => seal(master, writeRing([{ secret: randomBytes(SECRET), usedFrom: 0 }])),
    rotateDataKey(wrapped, usedFrom) {
      const ring = readRing(unwrap(wrapped))
      if (ring.some((key) => key.usedFrom > Date.now())) return null
      return seal(master, writeRing([...ring, { secret: randomBytes(SECRET), usedFrom }]))
    },
    rewrap(wrapped) {
      const plain = unwrap(wrapped)
      return wrapped[0] === VERSION && wrapped.subarray(1, 1 + KEY_ID).equals(master.id) ? null : seal(master, plain)
    },
    workspaceKeys(workspaceId, wrapped) {
      const ring = readRing(unwrap(wrapped))
      const keys = ring.map(({ secret }) => keyOf(derive(secret, workspaceId, 'seal', SECRET))) as [Key, ...Key[]]
      // The oldest for good: aliases lie in the lane their index hashes to, so another index would lose them all.
      const indexing = createSecretKey(derive(ring[0].secret, workspaceId, 'index', SECRET))
      return {
        seal(text) {
          const now = Date.now()
          const newestInUse = ring.findLastIndex((key) => key.usedFrom <= now)
          return seal(keys[newestInUse] ?? keys[0], Buffer.from(text))
        },
        open: (bytes) => open(keys, bytes, 'the workspace’s').toString(),
        blindIndex: (kind, normalised) => createHmac('sha256', indexing).update(`${kind}\0${normalised}`).digest('base64url'),
      }
    },
  }
}

/**
 * SECRET_KEY, or in development a key made once and kept in the data directory, readable by its owner alone. Throws
 * CONFIG_INVALID saying what could not be done.
 */
export async function readMasterKey(config: Config): Promise<Buffer> {
  if (config.secretKey !== null) return Buffer.from(config.secretKey, 'base64')
  if (config.production) throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY must be set in production.', { path: ['SECRET_KEY'] })
  const file = join(config.dataDirectory, 'secret.key')
  try {
    await mkdir(config.dataDirectory, { recursive: true })
    await makeOnce(file, randomBytes(SECRET).toString('base64'))
    const key = Buffer.from(await readFile(file, 'utf8'), 'base64')
    if (key.length === SECRET) return key
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ThroughlineError('CONFIG_INVALID', `No key can be kept in ${file} (${why}); set SECRET_KEY instead.`, { path: ['SECRET_KEY'], cause })
  }
  throw new ThroughlineError('CONFIG_INVALID', `${file} does not hold 32 bytes in base64; restore it, or set SECRET_KEY.`, { path: ['SECRET_KEY'] })
}

/**
 * Written whole and then given its name, which fails where another process was first: a second one that starts
 * at the same moment reads the first one's key, and never half of it.
 */
async function makeOnce(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
}
