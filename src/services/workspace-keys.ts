import { ThroughlineError } from '../errors.ts'
import type { Client } from '../store/ask.ts'
import { openClient, run, type Statement } from '../store/sql.ts'
import type { Vault, WorkspaceKeys } from '../store/vault.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { clientOf } from './transaction.ts'

const KEY: Statement = { name: 'workspace_key', text: 'SELECT data_key FROM workspace WHERE id = $1' }

/** How long a process may go on with the ring it read. Milliseconds. */
const KNOWN_FOR = 60_000
/** How long after a rotation the new key is first used: by then every process has read the ring again, clocks that differ included. */
const USED_AFTER = 5 * KNOWN_FOR

const cache = new WeakMap<Vault, Map<string, { keys: WorkspaceKeys; until: number }>>()

/** A workspace's keys, unwrapped once a minute per process. The client must be allowed to see the workspace. */
export async function keysOf({ vault }: { vault: Vault }, client: Client, workspaceId: string): Promise<WorkspaceKeys> {
  const known = cache.get(vault) ?? new Map<string, { keys: WorkspaceKeys; until: number }>()
  cache.set(vault, known)
  const found = known.get(workspaceId)
  if (found !== undefined && found.until > Date.now()) return found.keys
  const [row] = await run<{ data_key: Buffer }>(client, KEY, [workspaceId])
  if (row === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such workspace.')
  const keys = vault.workspaceKeys(workspaceId, row.data_key)
  known.set(workspaceId, { keys, until: Date.now() + KNOWN_FOR })
  return keys
}

const LOCK: Statement = { name: 'workspace_key_lock', text: 'SELECT data_key FROM workspace WHERE id = $1 FOR UPDATE' }
const STORE: Statement = { name: 'workspace_key_store', text: 'UPDATE workspace SET data_key = $2 WHERE id = $1' }

/** Gives the workspace another data key and answers when sealing with it begins; what is sealed already stays readable. */
export async function rotateWorkspaceKey(services: Services, caller: Caller, input: { idempotencyKey?: string | null | undefined }): Promise<Date> {
  const usedFrom = await once(services, caller, 'rotateWorkspaceKey', input.idempotencyKey, {}, async (em) => {
    const client = clientOf(em)
    const [row] = await run<{ data_key: Buffer }>(client, LOCK, [caller.workspaceId])
    if (row === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such workspace.')
    const from = Date.now() + USED_AFTER
    const rotated = services.vault.rotateDataKey(Buffer.from(row.data_key), from)
    if (rotated === null) throw new ThroughlineError('CONFLICT', 'The last rotation is not in effect yet; it takes five minutes.')
    await run(client, STORE, [caller.workspaceId, rotated])
    return from
  })
  return new Date(usedFrom)
}

/**
 * Wraps every data key by the newest master key, so that retired ones can be dropped. As the database's owner, when a
 * process starts. Answers the workspaces whose keys no master key opens; throws CONFIG_INVALID where that is all of them.
 */
export async function rewrapDataKeys({ ownerUrl, vault }: { ownerUrl: string; vault: Vault }): Promise<string[]> {
  const client = await openClient(ownerUrl)
  try {
    const { rows } = await client.query<{ id: string; data_key: Buffer }>('SELECT id, data_key FROM workspace')
    const unreadable: string[] = []
    for (const { id, data_key: found } of rows) {
      try {
        const rewrapped = vault.rewrap(found)
        // Only where it still is what was read: a rotation meanwhile is not undone.
        if (rewrapped !== null) await client.query('UPDATE workspace SET data_key = $3 WHERE id = $1 AND data_key = $2', [id, found, rewrapped])
      } catch (error) {
        if (!(error instanceof ThroughlineError)) throw error
        unreadable.push(id)
      }
    }
    if (rows.length > 0 && unreadable.length === rows.length)
      throw new ThroughlineError('CONFIG_INVALID', 'SECRET_KEY is not the one this database was sealed with, and no retired key is.', {
        path: ['SECRET_KEY'],
      })
    return unreadable
  } finally {
    await client.end()
  }
}
