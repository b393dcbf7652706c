import { createHash } from 'node:crypto'
import type { EntityManager } from '@mikro-orm/postgresql'
import { canonicalJson } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'

/** What an operation was asked with: same key and body, same answer. Throws INVALID_INPUT for what is no key. */
export function fingerprint(operation: string, key: string, body: unknown): Buffer {
  if (key.length === 0 || key.length > 200) throw new ThroughlineError('INVALID_INPUT', 'must have 1 to 200 characters', { path: ['idempotencyKey'] })
  return createHash('sha256').update(operation).update('\0').update(canonicalJson(body)).digest()
}

/** What is known of a key. Throws IDEMPOTENCY_CONFLICT where it was asked with something else. */
export function knownFor<Known extends { body_hash: Buffer }>(hash: Buffer, [known]: readonly Known[]): Known {
  if (known === undefined || !Buffer.from(known.body_hash).equals(hash))
    throw new ThroughlineError('IDEMPOTENCY_CONFLICT', undefined, { path: ['idempotencyKey'] })
  return known
}

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
  const hash = fingerprint(operation, key, body)
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const inserted = await em.execute<{ key: string }[]>(
      `insert into idempotency (workspace_id, key, operation, body_hash) values (?, ?, ?, ?) on conflict (workspace_id, key) do nothing returning key`,
      [caller.workspaceId, key, operation, hash],
    )
    if (inserted.length === 0) {
      const rows = await em.execute<{ body_hash: Buffer; response: { value: T } }[]>(
        `select body_hash, response from idempotency where workspace_id = ? and key = ?`,
        [caller.workspaceId, key],
      )
      return knownFor(hash, rows).response.value
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
