import type { EntityManager } from '@mikro-orm/postgresql'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { clientOf } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

interface Told<S> {
  /** What the secret is of. */
  id: string
  secret: S
}

/**
 * `once`, for what answers a secret: the answer is kept with the secret sealed, and a repetition is told the same. To refuse it
 * instead would leave whoever lost the answer with a key that works and that nobody knows. Without an idempotency key nothing is kept.
 */
export async function onceTelling<S extends string | null>(
  services: Services,
  caller: Caller,
  operation: string,
  key: string | null | undefined,
  body: unknown,
  work: (em: EntityManager) => Promise<Told<S>>,
): Promise<Told<S>> {
  const keys = (em: EntityManager) => keysOf(services, clientOf(em), caller.workspaceId)
  if (key == null) return inWorkspaceEm(services.orm, caller.workspaceId, work)
  const kept = await once(services, caller, operation, key, body, async (em) => {
    const { id, secret } = await work(em)
    return { id, sealed: secret === null ? null : (await keys(em)).seal(secret).toString('base64') }
  })
  const { sealed } = kept
  if (sealed === null) return { id: kept.id, secret: null as S }
  const opener = await inWorkspaceEm(services.orm, caller.workspaceId, keys)
  return { id: kept.id, secret: opener.open(Buffer.from(sealed, 'base64')) as S }
}
