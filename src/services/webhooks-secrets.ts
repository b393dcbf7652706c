import { ThroughlineError } from '../errors.ts'
import type { Client } from '../store/ask.ts'
import { WorkspaceSecretTable } from '../store/entities/workspace-secret.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { run, type Statement } from '../store/sql.ts'
import type { Caller, Services } from './context.ts'
import { clientOf, oneAtATime } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

/** A secret as it may be shown: its value goes in and never comes out. */
export interface SecretView {
  name: string
  createdAt: Date
  updatedAt: Date
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
const LONGEST = 8_000
const MOST = 200

/** Keeps a secret under a name, or another value under the same name; templates of webhook nodes see it from their next request on. */
export async function setSecret(services: Services, caller: Caller, input: { name: string; value: string }): Promise<SecretView> {
  if (!NAME.test(input.name))
    throw new ThroughlineError('INVALID_INPUT', 'must be letters, digits and _, and begin with no digit', { path: ['name'] })
  if (input.value.length === 0 || input.value.length > LONGEST)
    throw new ThroughlineError('INVALID_INPUT', `must have 1 to ${LONGEST} characters`, { path: ['value'] })
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const { workspaceId } = caller
    const { name } = input
    // One at a time of a workspace, so that two new names at once are both counted.
    await oneAtATime(em, `secrets of ${workspaceId}`)
    const known = await em.findOne(WorkspaceSecretTable, { workspaceId, name })
    if (known === null && (await em.count(WorkspaceSecretTable, {})) >= MOST)
      throw new ThroughlineError('LIMIT_EXCEEDED', `A workspace has at most ${MOST} secrets.`, { path: ['name'] })
    const value = (await keysOf(services, clientOf(em), workspaceId)).seal(input.value)
    const now = new Date()
    const row = known ?? em.create(WorkspaceSecretTable, { workspaceId, name, value, createdAt: now, updatedAt: now })
    row.value = value
    row.updatedAt = now
    await em.flush()
    return { name, createdAt: row.createdAt, updatedAt: row.updatedAt }
  })
}

/** Forgets a secret. What refers to it fails from then on, by the error way out. */
export async function removeSecret(services: Services, caller: Caller, name: string): Promise<void> {
  const removed = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.nativeDelete(WorkspaceSecretTable, { name }))
  if (removed === 0) throw new ThroughlineError('NOT_FOUND', 'There is no such secret.', { path: ['name'] })
}

/** By name. */
export async function listSecrets(services: Services, caller: Caller): Promise<SecretView[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(WorkspaceSecretTable, {}, { orderBy: { name: 'asc' }, fields: ['name', 'createdAt', 'updatedAt'] }),
  )
  return rows.map(({ name, createdAt, updatedAt }) => ({ name, createdAt, updatedAt }))
}

const VALUES: Statement = {
  name: 'secret_values',
  text: 'SELECT name, value FROM workspace_secret WHERE workspace_id = $1 AND name = ANY ($2::text[])',
}

/** The values of these secrets, of which some may be gone; for rendering and nothing else. The client must be allowed to see the workspace. */
export async function readSecrets(
  services: Pick<Services, 'vault'>,
  client: Client,
  workspaceId: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  if (names.length === 0) return {}
  const keys = await keysOf(services, client, workspaceId)
  const rows = await run<{ name: string; value: Buffer }>(client, VALUES, [workspaceId, names])
  return Object.fromEntries(rows.map((row) => [row.name, keys.open(row.value)]))
}
