import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { type IncomingMapping, mapIncoming, requestIdOf, type Verification } from '../domain/incoming-webhook.ts'
import type { Json } from '../domain/json.ts'
import { inWorkspace, run, type Statement } from '../store/sql.ts'
import type { Services } from './context.ts'
import { ingestEvents } from './events.ts'
import { isSigned } from './webhooks-signature.ts'
import { keysOf } from './workspace-keys.ts'

/** A request as it came, before anything is known to be right about it. Header names in lower case. */
export interface RawRequest {
  headers: Readonly<Record<string, string | undefined>>
  body: Buffer
}

interface Found {
  id: string
  workspaceId: string
  verification: Verification
  header: string | null
  secret: string
  mapping: IncomingMapping
}

const WORKSPACE: Statement = { name: 'incoming_workspace', text: 'SELECT incoming_webhook_workspace($1) AS id' }
const WEBHOOK: Statement = {
  name: 'incoming_webhook',
  text: 'SELECT id, verification, header, secret, mapping FROM incoming_webhook WHERE token = $1 AND disabled_at IS NULL',
}
const PROBLEM: Statement = { name: 'incoming_problem', text: 'UPDATE incoming_webhook SET last_problem = $2, last_problem_at = now() WHERE id = $1' }
const LONGEST_PROBLEM = 500

async function find(services: Services, token: string): Promise<Found | null> {
  const [owner] = await run<{ id: string | null }>(services.apiPool, WORKSPACE, [token])
  const workspaceId = owner?.id
  if (workspaceId === null || workspaceId === undefined) return null
  return inWorkspace(services.apiPool, workspaceId, async (client) => {
    const keys = await keysOf(services, client, workspaceId)
    const [row] = await run<Omit<Found, 'workspaceId' | 'secret'> & { secret: Buffer }>(client, WEBHOOK, [token])
    return row === undefined ? null : { ...row, workspaceId, secret: keys.open(row.secret) }
  })
}

const digest = (value: string | Buffer) => createHash('sha256').update(value).digest()
/** Of equal length whatever is given, so that comparing them tells nothing but whether they are equal. */
const same = (a: string | Buffer, b: string | Buffer) => timingSafeEqual(digest(a), digest(b))

/** Never throws, whatever the headers hold. */
export function isVerified(
  { verification, header, secret }: Pick<Found, 'verification' | 'header' | 'secret'>,
  request: RawRequest,
  now: number,
): boolean {
  const { headers, body } = request
  switch (verification) {
    case 'STANDARD':
      return isSigned(secret, headers, body, now)
    case 'BEARER':
      return same(/^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '', secret)
    case 'HMAC_SHA256': {
      const expected = createHmac('sha256', secret).update(body).digest()
      // `sha256=…` at GitHub, `v0=…` elsewhere, bare at Shopify; in hexadecimal or base64.
      const given = (headers[header ?? ''] ?? '').replace(/^(sha256|v[01])=/, '')
      return same(given.toLowerCase(), expected.toString('hex')) || same(given, expected.toString('base64'))
    }
  }
}

function bodyOf({ headers, body }: RawRequest): Json | undefined {
  const text = body.toString('utf8')
  if (/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/**
 * Takes what somebody sent to an address of ours. null where the address is none or the request is not from whom it should
 * be: the two look the same from outside. What is genuine and yet no event is kept as the webhook's last problem, and
 * answered with 0 as a repetition is: sending it again would not make it one. The event is committed when this returns.
 */
export async function takeIncoming(services: Services, token: string, request: RawRequest): Promise<number | null> {
  const webhook = await find(services, token)
  if (webhook === null || !isVerified(webhook, request, Date.now())) return null
  const body = bodyOf(request)
  const read = { headers: request.headers, body: body ?? null }
  const mapped = body === undefined ? { problem: 'the body is neither JSON nor a form' } : mapIncoming(webhook.mapping, read)
  if ('problem' in mapped) return refuse(services, webhook, mapped.problem)
  const own = requestIdOf(webhook.verification, webhook.mapping, read)
  // The ring's guard is the contact's: two senders' ids must not meet in it.
  const messageId = `in:${webhook.id}:${own === null ? randomUUID() : digest(own).toString('hex')}`
  const caller = { workspaceId: webhook.workspaceId, keyId: null, scopes: ['ingest'] }
  const { accepted, rejected } = await ingestEvents(services, caller, [{ ...mapped, messageId }])
  const [fault] = rejected
  return fault === undefined ? accepted : refuse(services, webhook, `${fault.path.slice(2).join('.')} ${fault.message}`)
}

async function refuse(services: Services, { id, workspaceId }: Found, problem: string): Promise<number> {
  await inWorkspace(services.apiPool, workspaceId, (client) => run(client, PROBLEM, [id, problem.slice(0, LONGEST_PROBLEM)]))
  return 0
}
