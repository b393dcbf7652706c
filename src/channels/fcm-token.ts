import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { type Exchange, ExchangeError, type Transport } from './http.ts'

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Renewed this long before it ends, so that no request arrives with a token that ended on the way. */
const MARGIN = 5 * 60_000

export interface Tokens {
  /** The current access token; rejects with an ExchangeError of which nothing was sent to FCM. */
  get(): Promise<string>
  /** After FCM refused it: asks for a new one next time. */
  forget(): void
}

/**
 * Access tokens by a signed JWT grant (RFC 7523 §2.1), at Google's endpoint or the sandbox's. Written here, as the
 * SDK's certificate credential can only ask Google's, retries by itself and has no time-out. One request at a time,
 * however many sends wait for it.
 */
export function openTokens(transport: Transport, account: { clientEmail: string; privateKey: string }, url: string): Tokens {
  let current: { token: string; until: number } | null = null
  let pending: Promise<string> | null = null
  let key: KeyObject | null = null

  async function fetchToken(): Promise<string> {
    key ??= readKey(account.privateKey)
    const now = Math.floor(Date.now() / 1_000)
    const claims = { iss: account.clientEmail, scope: SCOPE, aud: url, iat: now, exp: now + 3_600 }
    const unsigned = `${segment({ alg: 'RS256', typ: 'JWT' })}.${segment(claims)}`
    const assertion = `${unsigned}.${sign('sha256', Buffer.from(unsigned), key).toString('base64url')}`
    const answer = await transport.exchange({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    })
    const granted = readGrant(answer)
    current = { token: granted.token, until: Date.now() + granted.lifetime - MARGIN }
    return granted.token
  }

  return {
    get() {
      if (current !== null && current.until > Date.now()) return Promise.resolve(current.token)
      pending ??= fetchToken().finally(() => {
        pending = null
      })
      return pending
    },
    forget() {
      current = null
    },
  }
}

/** Without a token no message was sent, whatever went wrong: every fault is an `unsent` one, or a refusal of the account. */
function readGrant(answer: Exchange): { token: string; lifetime: number } {
  if (answer.type !== 'answer') throw unsent(answer.code, answer.message)
  if (answer.status >= 500 || answer.status === 429) throw unsent(`TOKEN_HTTP_${answer.status}`, 'No access token was to be had.')
  // `invalid_grant` comes as a 400: the key was withdrawn. As 401, it is classed AUTH and waits for the new one.
  if (answer.status !== 200) throw new ExchangeError({ ...answer, status: 401, body: '' })
  try {
    const { access_token: token, expires_in: seconds } = JSON.parse(answer.body) as { access_token?: unknown; expires_in?: unknown }
    if (typeof token === 'string' && typeof seconds === 'number') return { token, lifetime: seconds * 1_000 }
  } catch {
    // Falls through: unreadable is no token.
  }
  throw unsent('TOKEN_UNREADABLE', 'The answer to the token request is no grant.')
}

function unsent(code: string, message: string): ExchangeError {
  return new ExchangeError({ type: 'unsent', code, message })
}

function readKey(pem: string): KeyObject {
  try {
    // Keys pasted from a JSON file or an environment variable often keep their `\n` spelled out.
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch {
    throw new ExchangeError({ type: 'answer', status: 401, headers: {}, body: '' })
  }
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
