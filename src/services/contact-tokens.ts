import { createHash, timingSafeEqual } from 'node:crypto'
import { fixedMillis, parseDuration } from '../domain/duration.ts'
import { isLanedId, laneOf } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { inWorkspace, run, type Statement } from '../store/sql.ts'
import type { WorkspaceKeys } from '../store/vault.ts'
import { announce, type ContactReference, findOrCreateContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { fromBytes, toBytes } from './signed-ids.ts'
import { clientOf } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

/** How every contact token begins, so that it is told from a key before anything is looked up. */
const PREFIX = 'ct_'
const SHAPE = /^ct_([\w-]{72})\.([\w-]{43})$/
const SHORTEST = 60_000
const DEFAULT = 3_600_000
const LONGEST = 86_400_000

/**
 * `ct_base64url(workspace | contact | issuing key | expiry).mac`: three ids of 16 bytes and six bytes of Unix milliseconds,
 * under an HMAC of the workspace's. Nothing of it is stored; who holds it may see and change that contact's preferences and devices.
 */
function macOf(keys: WorkspaceKeys, payload: string): string {
  return keys.blindIndex('contact-token', payload)
}

const NOW: Statement = { name: 'contact_token_now', text: `SELECT floor(extract(epoch FROM now()) * 1000)::float8 AS now` }

/**
 * A token for one contact, who is made if the reference is new. Ends with its time, with the key that asked for it, or
 * with the contact's erasure, whichever is first.
 */
export async function issueContactToken(
  services: Services,
  caller: Caller,
  input: { contact: ContactReference; expiresIn?: string | null | undefined },
): Promise<{ token: string; expiresAt: Date; contactId: string }> {
  const duration = input.expiresIn == null ? null : parseDuration(input.expiresIn)
  const lasting = input.expiresIn == null ? DEFAULT : duration === null ? 0 : fixedMillis(duration)
  if (lasting < SHORTEST || lasting > LONGEST)
    throw new ThroughlineError('INVALID_INPUT', 'must be from one minute to 24 hours', { path: ['expiresIn'] })
  const { keyId } = caller
  if (keyId === null) throw new ThroughlineError('FORBIDDEN', 'Only an API key issues contact tokens.')
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const { row, created } = await findOrCreateContact(em, services, caller, input.contact)
    if (row.erasedAt !== null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contact'] })
    if (created) await announce(em, services, caller, row, 'created', [])
    const client = clientOf(em)
    const keys = await keysOf(services, client, caller.workspaceId)
    const [clock] = await run<{ now: number }>(client, NOW, [])
    const expires = Number(clock?.now) + lasting
    const until = Buffer.alloc(6)
    until.writeUIntBE(expires, 0, 6)
    const payload = Buffer.concat([toBytes(caller.workspaceId), toBytes(row.id), toBytes(keyId), until]).toString('base64url')
    return { token: `${PREFIX}${payload}.${macOf(keys, payload)}`, expiresAt: new Date(expires), contactId: row.id }
  })
}

/** The one statement of a request with a token: it is in time, its key lives, its contact was not erased. */
const HOLDS: Statement = {
  name: 'contact_token_holds',
  text: `SELECT 1 FROM contact AS c, api_key AS k WHERE c.lane = $1 AND c.id = $2 AND c.erased_at IS NULL
    AND k.id = $3 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND now() < to_timestamp($4::float8 / 1000)`,
}

/** Whether a bearer's text is meant to be one: keys begin otherwise. */
export const isContactToken = (text: string): boolean => text.startsWith(PREFIX)

/** Who holds this token; null for one that was forged, has expired, or whose key or contact is gone. */
export async function readContactToken(services: Services, token: string): Promise<Caller | null> {
  const [, payload = '', mac = ''] = SHAPE.exec(token) ?? []
  const raw = Buffer.from(payload, 'base64url')
  if (raw.length !== 54) return null
  const [workspaceId, contactId, keyId] = [fromBytes(raw, 0), fromBytes(raw, 16), fromBytes(raw, 32)]
  if (!isLanedId(contactId, services.lanes)) return null
  const held = await inWorkspace(services.apiPool, workspaceId, async (client) => {
    const keys = await keysOf(services, client, workspaceId)
    const [expected, given] = [Buffer.from(macOf(keys, payload)), Buffer.from(mac)]
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return false
    return (await run(client, HOLDS, [laneOf(contactId), contactId, keyId, raw.readUIntBE(48, 6)])).length > 0
  }).catch((error: unknown) => {
    // A workspace that does not exist; a database that is away is another thing, and said so.
    if (error instanceof ThroughlineError && error.code === 'NOT_FOUND') return false
    throw error
  })
  return held ? { workspaceId, keyId: null, scopes: [], contactId } : null
}

/** A contact's idempotency keys are its own: a browser can neither find nor take those of the workspace's servers. */
export function ownKey({ contactId }: Caller, key: string | null | undefined): string | null | undefined {
  if (contactId === undefined || key == null || key.length === 0 || key.length > 200) return key
  return `contact:${createHash('sha256').update(`${contactId}\0${key}`).digest('base64url')}`
}
