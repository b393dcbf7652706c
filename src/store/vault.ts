import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { ThroughlineError } from '../errors.ts'

/** What one workspace seals its contact details and credentials with. */
export interface WorkspaceKeys {
  /** AES-256-GCM: version (1) | nonce (12) | tag (16) | ciphertext. The same text seals differently each time. */
  seal(text: string): Buffer
  /** Throws INTERNAL for bytes that were changed or sealed under another key. */
  open(bytes: Buffer): string
  /** HMAC-SHA256 in base64url: equal for equal values of a kind, and telling nothing else. Looks up what is sealed. */
  blindIndex(kind: string, normalised: string): string
}

export interface Vault {
  /** A new data key, wrapped by the master key: what the workspace's row keeps. */
  createDataKey(): Buffer
  workspaceKeys(workspaceId: string, wrapped: Buffer): WorkspaceKeys
}

/** First byte of everything sealed; another scheme takes another number, and old rows stay readable. */
const VERSION = 1
const NONCE = 12
const TAG = 16

function seal(key: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), body])
}

function open(key: Buffer, sealed: Buffer): Buffer {
  try {
    if (sealed[0] !== VERSION) throw new ThroughlineError('INTERNAL', 'sealed by an unknown scheme')
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE))
    decipher.setAuthTag(sealed.subarray(1 + NONCE, 1 + NONCE + TAG))
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE + TAG)), decipher.final()])
  } catch (cause) {
    throw new ThroughlineError('INTERNAL', 'A sealed value could not be opened; is SECRET_KEY the one it was sealed with?', { cause })
  }
}

/** @param masterKey 32 bytes; wraps data keys and nothing else. */
export function createVault(masterKey: Buffer): Vault {
  if (masterKey.length !== 32) throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY must be 32 bytes.', { path: ['SECRET_KEY'] })
  return {
    createDataKey: () => seal(masterKey, randomBytes(32)),
    workspaceKeys(workspaceId, wrapped) {
      const dataKey = open(masterKey, wrapped)
      const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', dataKey, workspaceId, purpose, 32))
      const sealing = derive('seal')
      const indexing = derive('index')
      return {
        seal: (text) => seal(sealing, Buffer.from(text)),
        open: (bytes) => open(sealing, bytes).toString(),
        blindIndex: (kind, normalised) => createHmac('sha256', indexing).update(`${kind}\0${normalised}`).digest('base64url'),
      }
    },
  }
}

/** SECRET_KEY, or in development a key made once and kept in the data directory, readable by its owner alone. */
export async function readMasterKey(config: Config): Promise<Buffer> {
  if (config.secretKey !== null) return Buffer.from(config.secretKey, 'base64')
  if (config.production) throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY must be set in production.', { path: ['SECRET_KEY'] })
  const file = join(config.dataDirectory, 'secret.key')
  await mkdir(config.dataDirectory, { recursive: true })
  // `wx` fails where a process that started at the same moment was first; both then read the same key.
  await writeFile(file, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' }).catch(() => {})
  return Buffer.from(await readFile(file, 'utf8'), 'base64')
}
