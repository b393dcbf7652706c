import { createHash } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { canonicalJson } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'

/**
 * Runs `work` at most once for a key. The key's row goes in first, in the work's own transaction: a concurrent
 * repetition waits on it, then finds the answer, or, where the first rolled back, does the work itself. Same key
 * and body, same answer; same key and another body, IDEMPOTENCY_CONFLICT. Answers must survive JSON.
 */
export async function once<T>(
  services: Services,
  caller: Caller,
  operation: string,
  key: string | null | undefined,
  body: unknown,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  if (key === null || key === undefined) return inWorkspaceEm(services.orm, caller.workspaceId, work)
  if (key.length === 0 || key.length > 200) throw new ThroughlineError('INVALID_INPUT', 'must have 1 to 200 characters', { path: ['idempotencyKey'] })
  const hash = createHash('sha256').update(operation).update('\0').update(canonicalJson(body)).digest()
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const inserted = await em.execute<{ key: string }[]>(
      `insert into idempotency (workspace_id, key, operation, body_hash) values (?, ?, ?, ?) on conflict (workspace_id, key) do nothing returning key`,
      [caller.workspaceId, key, operation, hash],
    )
    if (inserted.length === 0) {
      const [known] = await em.execute<{ body_hash: Buffer; response: { value: T } | null }[]>(
        `select body_hash, response from idempotency where workspace_id = ? and key = ?`,
        [caller.workspaceId, key],
      )
      if (known === undefined || !Buffer.from(known.body_hash).equals(hash))
        throw new ThroughlineError('IDEMPOTENCY_CONFLICT', undefined, { path: ['idempotencyKey'] })
      return (known.response as { value: T }).value
    }
    const value = await work(em)
    await em.execute(`update idempotency set response = ?::jsonb where workspace_id = ? and key = ?`, [
      JSON.stringify({ value }),
      caller.workspaceId,
      key,
    ])
    return JSON.parse(JSON.stringify({ value })).value as T
  })
}
