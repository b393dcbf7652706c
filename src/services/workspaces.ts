import type pg from 'pg'
import { isTimeZone } from '../domain/zone.ts'
import { ThroughlineError } from '../errors.ts'
import { type WorkspaceRow, WorkspaceTable } from '../store/entities/workspace.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { openClient } from '../store/sql.ts'
import { hashKey, makeKey } from './api-keys.ts'
import type { Caller, Services } from './context.ts'
import { fingerprint, knownFor } from './idempotency.ts'
import { nameOf } from './input.ts'

/**
 * A new workspace and its first key, an admin's. As the database's owner: no role of the API's may make one. The idempotency key is one of
 * the installation's; what it is kept with belongs to the workspace that was made, whose own key seals the secret.
 */
export async function createWorkspace(
  services: Pick<Services, 'ownerUrl' | 'vault'>,
  input: { name: string; timeZone?: string | null | undefined; key?: string | undefined; idempotencyKey?: string | null | undefined },
): Promise<{ id: string; secret: string }> {
  const { timeZone = null, idempotencyKey = null } = input
  const name = nameOf(input.name, 'name')
  if (timeZone !== null && !isTimeZone(timeZone)) throw new ThroughlineError('INVALID_INPUT', 'is not an IANA time zone', { path: ['timeZone'] })
  const hash = idempotencyKey === null ? null : fingerprint('createWorkspace', idempotencyKey, { name, timeZone })
  const [id, secret] = [newId(), input.key ?? makeKey()]
  const dataKey = services.vault.createDataKey()
  const client = await openClient(services.ownerUrl)
  try {
    await client.query('BEGIN')
    await client.query('INSERT INTO workspace (id, name, time_zone, data_key) VALUES ($1, $2, $3, $4)', [id, name, timeZone ?? 'UTC', dataKey])
    await client.query('INSERT INTO api_key (id, workspace_id, name, prefix, hash, scopes) VALUES ($1, $2, $3, $4, $5, $6)', [
      newId(),
      id,
      'First key',
      secret.slice(0, 8),
      hashKey(secret),
      ['admin'],
    ])
    if (hash !== null) {
      const sealed = services.vault.workspaceKeys(id, dataKey).seal(secret).toString('base64')
      const { rowCount } = await client.query(KEEP, [id, idempotencyKey, hash, { sealed }])
      if (rowCount === 0) {
        await client.query('ROLLBACK')
        return await toldBefore(services, client, idempotencyKey, hash)
      }
    }
    await client.query('COMMIT')
    return { id, secret }
  } finally {
    await client.end()
  }
}

const KEEP = `INSERT INTO idempotency (workspace_id, key, operation, body_hash, response) VALUES ($1, $2, 'createWorkspace', $3, $4)
  ON CONFLICT (key) WHERE operation = 'createWorkspace' DO NOTHING`

async function toldBefore(
  { vault }: Pick<Services, 'vault'>,
  client: pg.Client,
  key: string | null,
  hash: Buffer,
): Promise<{ id: string; secret: string }> {
  const { rows } = await client.query<{ id: string; body_hash: Buffer; response: { sealed: string }; data_key: Buffer }>(
    `SELECT w.id, i.body_hash, i.response, w.data_key FROM idempotency AS i JOIN workspace AS w ON w.id = i.workspace_id WHERE i.key = $1 AND i.operation = 'createWorkspace'`,
    [key],
  )
  const { id, data_key, response } = knownFor(hash, rows)
  return { id, secret: vault.workspaceKeys(id, data_key).open(Buffer.from(response.sealed, 'base64')) }
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
