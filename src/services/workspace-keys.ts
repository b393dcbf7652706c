import { ThroughlineError } from '../errors.ts'
import { type Client, run, type Statement } from '../store/sql.ts'
import type { Vault, WorkspaceKeys } from '../store/vault.ts'

const KEY: Statement = { name: 'workspace_key', text: 'SELECT data_key FROM workspace WHERE id = $1' }

const cache = new WeakMap<Vault, Map<string, WorkspaceKeys>>()

/** A workspace's keys, unwrapped once per process. The client must be allowed to see the workspace. */
export async function keysOf({ vault }: { vault: Vault }, client: Client, workspaceId: string): Promise<WorkspaceKeys> {
  const known = cache.get(vault) ?? new Map<string, WorkspaceKeys>()
  cache.set(vault, known)
  const found = known.get(workspaceId)
  if (found !== undefined) return found
  const [row] = await run<{ data_key: Buffer }>(client, KEY, [workspaceId])
  if (row === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such workspace.')
  const keys = vault.workspaceKeys(workspaceId, row.data_key)
  known.set(workspaceId, keys)
  return keys
}
