import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { ThroughlineError } from '../errors.ts'

/**
 * SECRET_KEY; where it is unset in development, a file made once beside the data it protects, readable by its
 * owner only. In production the key must not lie beside the data, so there it must be set.
 */
export async function readMasterKey(config: Pick<Config, 'secretKey' | 'dataDirectory' | 'production'>): Promise<Buffer> {
  if (config.secretKey !== null) return Buffer.from(config.secretKey, 'base64')
  if (config.production) throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY must be set in production.', { path: ['SECRET_KEY'] })
  await mkdir(config.dataDirectory, { recursive: true })
  const file = join(config.dataDirectory, 'secret.key')
  // «wx» fails where another process has just made it; then that one counts.
  await writeFile(file, randomBytes(32).toString('base64'), { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return Buffer.from(await readFile(file, 'utf8'), 'base64')
}
