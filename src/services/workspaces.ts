import { isTimeZone } from '../domain/zone.ts'
import { ThroughlineError } from '../errors.ts'
import { type WorkspaceRow, WorkspaceTable } from '../store/entities/workspace.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { openClient } from '../store/sql.ts'
import { hashKey, makeKey } from './api-keys.ts'
import type { Caller, Services } from './context.ts'
import { nameOf } from './input.ts'

/** A new workspace and its first key, an admin's. As the database's owner: no role of the API's may make one. */
export async function createWorkspace(
  services: Pick<Services, 'ownerUrl' | 'vault'>,
  input: { name: string; timeZone?: string | null | undefined; key?: string | undefined },
): Promise<{ id: string; secret: string }> {
  const name = nameOf(input.name, 'name')
  const timeZone = input.timeZone ?? 'UTC'
  if (!isTimeZone(timeZone)) throw new ThroughlineError('INVALID_INPUT', 'is not an IANA time zone', { path: ['timeZone'] })
  const [id, secret] = [newId(), input.key ?? makeKey()]
  const client = await openClient(services.ownerUrl)
  try {
    await client.query('BEGIN')
    await client.query('INSERT INTO workspace (id, name, time_zone, data_key) VALUES ($1, $2, $3, $4)', [
      id,
      name,
      timeZone,
      services.vault.createDataKey(),
    ])
    await client.query('INSERT INTO api_key (id, workspace_id, name, prefix, hash, scopes) VALUES ($1, $2, $3, $4, $5, $6)', [
      newId(),
      id,
      'First key',
      secret.slice(0, 8),
      hashKey(secret),
      ['admin'],
    ])
    await client.query('COMMIT')
    return { id, secret }
  } finally {
    await client.end()
  }
}

export async function getWorkspace(services: Services, caller: Caller): Promise<WorkspaceRow> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(WorkspaceTable, { id: caller.workspaceId }))
}

export async function updateWorkspace(
  services: Services,
  caller: Caller,
  input: { name?: string | null | undefined; timeZone?: string | null | undefined },
): Promise<WorkspaceRow> {
  if (input.timeZone != null && !isTimeZone(input.timeZone))
    throw new ThroughlineError('INVALID_INPUT', 'is not an IANA time zone', { path: ['timeZone'] })
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await em.findOneOrFail(WorkspaceTable, { id: caller.workspaceId })
    if (input.name != null) row.name = nameOf(input.name, 'name')
    if (input.timeZone != null) row.timeZone = input.timeZone
    await em.flush()
    return row
  })
}
