import { laneOf } from '../../src/domain/ids.ts'
import { type SandboxProvider, sandboxCredentials } from '../../src/sandbox/accounts.ts'
import { findCallbackConnection } from '../../src/services/callbacks.ts'
import { connectProvider } from '../../src/services/connections.ts'
import { upsertContact } from '../../src/services/contacts.ts'
import type { Caller, OpenConnection } from '../../src/services/context.ts'
import { newId, newLanedId } from '../../src/store/new-id.ts'
import type { TestServices } from './services.ts'

/** A connection to a sandbox account, as a webhook finds it. */
export async function connected({ services }: TestServices, caller: Caller, provider: SandboxProvider): Promise<OpenConnection> {
  const { credentials, settings } = sandboxCredentials('callbacks')[provider]
  const input = { provider, name: provider, credentials: { ...credentials }, settings: { ...settings }, baseUrl: 'http://127.0.0.1:9' }
  const { id } = await connectProvider(services, caller, input)
  const connection = await findCallbackConnection(services, id)
  if (connection === null) throw new Error('the new connection is not found')
  return connection
}

/** A message handed over through a connection, with or without the provider's id. */
export async function handedOver(
  { services, database }: TestServices,
  caller: Caller,
  connection: OpenConnection,
  providerMessageId: string | null,
): Promise<{ id: string; contactId: string }> {
  const contactId = await upsertContact(services, caller, { contact: { externalId: newId() } })
  await database.owner.query('DELETE FROM inbox')
  const id = newLanedId(laneOf(contactId))
  await database.owner.query(
    `INSERT INTO message (lane, id, workspace_id, contact_id, channel, purpose, template_id, connection_id, provider_message_id, status, attempt, planned_at, dispatching_at)
      VALUES ($1, $2, $3, $4, 'email', 'SERVICE', $5, $6, $7, 'DISPATCHING', 1, now(), now())`,
    [laneOf(id), id, caller.workspaceId, contactId, newId(), connection.id, providerMessageId],
  )
  return { id, contactId }
}

/** What has come for the ring, in order; and it is gone. */
export async function arrived({
  database,
}: TestServices): Promise<{ lane: number; kind: string; contact_id: string | null; reference: string | null; data: Record<string, unknown> }[]> {
  const { rows } = await database.owner.query('DELETE FROM inbox RETURNING lane, seq, kind, contact_id, reference, data::json')
  return rows.sort((a, b) => Number(a.seq) - Number(b.seq)).map(({ seq: _, ...rest }) => rest)
}
