import { ThroughlineError } from './errors.ts'

/** Everything the environment may say, read once, here and nowhere else. Durations are milliseconds. */
export interface Config {
  /** Unset: an embedded PostgreSQL under `dataDirectory`. */
  databaseUrl: string | null
  dataDirectory: string
  host: string
  port: number
  /** What providers and browsers reach this API by; signed callback URLs and tracked links begin with it. */
  publicUrl: string
  /** 32 bytes, base64: wraps every workspace's data key. */
  secretKey: string | null
  /** Keys that were SECRET_KEY before: what they wrapped still opens, and is wrapped anew when a process starts. */
  retiredSecretKeys: readonly string[]
  /** The key that may create workspaces; null: nobody may over the API. */
  adminKey: string | null
  /** Fixed when the database is first migrated; later values are ignored in favour of the database's. */
  lanes: number
  logLevel: string
  production: boolean
  sandboxPort: number
  /** Open sockets to providers per worker, and so the largest number of messages in doubt when one dies. */
  sendConcurrency: number
  /** Most inbox rows, and most due rows of each kind, one tick takes from one lane. */
  tickRowsPerLane: number
  /** `host` or `host:port`: private hosts that webhooks, attachments, web push and SMTP may reach, without TLS too. */
  privateHosts: readonly string[]
  /** Requests are charged their cost; a key may spend this much per minute. */
  rateLimitPerMinute: number
}

type Environment = Record<string, string | undefined>

function integer(env: Environment, name: string, fallback: number, least: number, most: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new ThroughlineError('CONFIG_INVALID', `${name} must be a whole number from ${least} to ${most}, not «${text}».`, { path: [name] })
  }
  return value
}

function url(env: Environment, name: string, fallback: string | null): string | null {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  if (!URL.canParse(text)) throw new ThroughlineError('CONFIG_INVALID', `${name} is not a URL.`, { path: [name] })
  return text
}

/** Base64 of 32 bytes, as `openssl rand -base64 32` prints it. */
function secret(name: string, text: string): string {
  if (Buffer.from(text, 'base64').length !== 32)
    throw new ThroughlineError('CONFIG_INVALID', `${name} must be 32 bytes in base64 (\`openssl rand -base64 32\`).`, { path: [name] })
  return text
}

/** Reads and checks the environment; throws CONFIG_INVALID naming the variable at fault. */
export function readConfig(env: Environment = process.env): Config {
  const port = integer(env, 'PORT', 4000, 0, 65_535)
  const retired = (env.RETIRED_SECRET_KEYS ?? '').split(',').flatMap((text) => text.trim() || [])
  return {
    databaseUrl: url(env, 'DATABASE_URL', null),
    dataDirectory: env.DATA_DIRECTORY || '.data',
    host: env.HOST || '127.0.0.1',
    port,
    publicUrl: (url(env, 'PUBLIC_URL', null) ?? `http://127.0.0.1:${port}`).replace(/\/$/, ''),
    secretKey: env.SECRET_KEY ? secret('SECRET_KEY', env.SECRET_KEY) : null,
    retiredSecretKeys: retired.map((text) => secret('RETIRED_SECRET_KEYS', text)),
    adminKey: env.ADMIN_KEY || null,
    lanes: integer(env, 'LANES', 64, 1, 4096),
    logLevel: env.LOG_LEVEL || 'info',
    production: env.NODE_ENV === 'production',
    sandboxPort: integer(env, 'SANDBOX_PORT', 4010, 0, 65_535),
    sendConcurrency: integer(env, 'SEND_CONCURRENCY', 32, 1, 1_000),
    tickRowsPerLane: integer(env, 'TICK_ROWS_PER_LANE', 250, 1, 10_000),
    privateHosts: (env.PRIVATE_HOSTS ?? '').split(',').flatMap((text) => text.trim().toLowerCase() || []),
    rateLimitPerMinute: integer(env, 'RATE_LIMIT_PER_MINUTE', 600_000, 1, 1_000_000_000),
  }
}
