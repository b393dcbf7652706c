import { createHash, randomBytes } from 'node:crypto'
import { ThroughlineError } from '../errors.ts'
import { type ApiKeyRow, ApiKeyTable } from '../store/entities/api-key.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { notify, REVOKED_CHANNEL } from '../store/queries/notify.ts'
import { run, type Statement } from '../store/sql.ts'
import type { Caller, Services } from './context.ts'
import { isId, nameOf } from './input.ts'
import { sharedLookUp } from './shared-look-up.ts'
import { onceTelling } from './told-secrets.ts'
import { clientOf } from './transaction.ts'

/** What a key may do. `admin` includes all; `write` includes `read` and `ingest`. */
export const SCOPES = ['admin', 'write', 'read', 'ingest'] as const
export type Scope = (typeof SCOPES)[number]

export const hashKey = (key: string): Buffer => createHash('sha256').update(key).digest()
export const makeKey = (): string => `tl_${randomBytes(32).toString('base64url')}`

const AUTHENTICATE: Statement = { name: 'authenticate', text: 'SELECT id, workspace_id, scopes FROM authenticate($1)' }

const lookUps = new WeakMap<Services, (key: string) => Promise<Caller | null>>()

/** Who holds this key, as of now; null for one that is unknown, expired or revoked. */
export function authenticate(services: Services, key: string): Promise<Caller | null> {
  const known = lookUps.get(services)
  if (known !== undefined) return known(key)
  const lookUp = sharedLookUp(async (secret) => {
    const [row] = await run<{ id: string; workspace_id: string; scopes: string[] }>(services.apiPool, AUTHENTICATE, [hashKey(secret)])
    return row === undefined ? null : { keyId: row.id, workspaceId: row.workspace_id, scopes: row.scopes }
  })
  lookUps.set(services, lookUp)
  return lookUp(key)
}

/** Whether a caller's scopes cover one. */
export function allows(caller: Caller, scope: Scope): boolean {
  return (
    caller.scopes.includes('admin') || caller.scopes.includes(scope) || (caller.scopes.includes('write') && (scope === 'read' || scope === 'ingest'))
  )
}

/** A new key; its secret is in the answer and, but sealed under an idempotency key, nowhere else. */
export async function createApiKey(
  services: Services,
  caller: Caller,
  input: { name: string; scopes: readonly Scope[]; expiresAt?: Date | null | undefined; idempotencyKey?: string | null | undefined },
): Promise<{ row: ApiKeyRow; secret: string }> {
  if (input.scopes.length === 0) throw new ThroughlineError('INVALID_INPUT', 'needs at least one scope', { path: ['scopes'] })
  const name = nameOf(input.name, 'name')
  const { id, secret } = await onceTelling(services, caller, 'createApiKey', input.idempotencyKey, input, async (em) => {
    // Here, so that a repetition is answered however late it comes.
    if (input.expiresAt != null && input.expiresAt.getTime() <= Date.now())
      throw new ThroughlineError('INVALID_INPUT', 'must be in the future', { path: ['expiresAt'] })
    const secret = makeKey()
    const row = em.create(ApiKeyTable, {
      id: newId(),
      workspaceId: caller.workspaceId,
      name,
      prefix: secret.slice(0, 8),
      hash: hashKey(secret),
      scopes: [...input.scopes],
      expiresAt: input.expiresAt ?? null,
      createdAt: new Date(),
    })
    await em.flush()
    return { id: row.id, secret }
  })
  return { row: await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(ApiKeyTable, { id })), secret }
}

/** Starts nothing more from here on; what streams under the key ends, in every process. */
export async function revokeApiKey(services: Services, caller: Caller, id: string): Promise<ApiKeyRow> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = isId(id) ? await em.findOne(ApiKeyTable, { id }) : null
    if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such key.', { path: ['id'] })
    row.revokedAt ??= new Date()
    await em.flush()
    await notify(clientOf(em), REVOKED_CHANNEL, [row.id])
    return row
  })
}

export async function listApiKeys(services: Services, caller: Caller): Promise<ApiKeyRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(ApiKeyTable, {}, { orderBy: { id: 'asc' }, limit: 1_000 }))
}
