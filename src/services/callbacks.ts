import { createHash } from 'node:crypto'
import type { ProviderCallback } from '../domain/delivery.ts'
import { isLanedId, laneOf, laneOfReference } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { deliver, type InboxItem, type Reference } from '../lanes/inbox.ts'
import { newId } from '../store/new-id.ts'
import { type Client, inWorkspace, run, type Statement } from '../store/sql.ts'
import { normaliseAddress } from './address.ts'
import type { Services } from './context.ts'
import { keysOf } from './workspace-keys.ts'

/** A connection as its webhooks need it: credentials in the clear, for as long as the request lasts. */
export interface CallbackConnection {
  id: string
  workspaceId: string
  provider: string
  baseUrl: string | null
  credentials: JsonObject
  settings: JsonObject
}

const WORKSPACE: Statement = { name: 'callback_workspace', text: 'SELECT connection_workspace($1) AS id' }
const CONNECTION: Statement = {
  name: 'callback_connection',
  text: 'SELECT id, provider, base_url, credentials, settings FROM provider_connection WHERE id = $1 AND disabled_at IS NULL',
}

/** The live connection of this id; null where there is none. */
export async function findCallbackConnection(services: Services, id: string): Promise<CallbackConnection | null> {
  const [found] = await run<{ id: string | null }>(services.apiPool, WORKSPACE, [id])
  const workspaceId = found?.id
  if (workspaceId === null || workspaceId === undefined) return null
  return inWorkspace(services.apiPool, workspaceId, async (client) => {
    const keys = await keysOf(services, client, workspaceId)
    const [row] = await run<{ id: string; provider: string; base_url: string | null; credentials: Buffer; settings: JsonObject }>(
      client,
      CONNECTION,
      [id],
    )
    if (row === undefined) return null
    return {
      id: row.id,
      workspaceId,
      provider: row.provider,
      baseUrl: row.base_url,
      credentials: JSON.parse(keys.open(row.credentials)) as JsonObject,
      settings: row.settings,
    }
  })
}

/** Each provider event once: the guard's row and the inbox's go in together. */
const GUARD: Statement = {
  name: 'callback_guard',
  text: `INSERT INTO inbox_guard (lane, digest, workspace_id) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) ON CONFLICT (lane, digest) DO NOTHING RETURNING digest`,
}
const KEEP: Statement = {
  name: 'callback_keep',
  text: `INSERT INTO unmatched_callback (id, workspace_id, connection_id, provider_message_id, callback) VALUES ($1, $2, $3, $4, $5)`,
}

/**
 * Takes what a verified webhook said. Committed before the provider is told so; a repetition changes nothing;
 * what names no message of ours is kept, to be matched again. Returns how many went into the ring.
 */
export async function acceptCallbacks(services: Services, connection: CallbackConnection, callbacks: readonly ProviderCallback[]): Promise<number> {
  if (callbacks.length === 0) return 0
  const { workspaceId } = connection
  return inWorkspace(services.apiPool, workspaceId, async (client) => {
    const items = new Map<string, { lane: number; item: InboxItem }>()
    for (const callback of callbacks) {
      const item = await toItem(services, client, connection, callback)
      if (item === null) continue
      const lane = 'contactId' in item ? laneOf(item.contactId) : laneOfReference(workspaceId, item.reference, services.lanes)
      items.set(digest(workspaceId, connection.id, callback.providerEventId), { lane, item })
    }
    const entries = [...items].sort(([a, x], [b, y]) => x.lane - y.lane || (a < b ? -1 : 1))
    const fresh = await run<{ digest: string }>(client, GUARD, [
      entries.map(([, each]) => each.lane),
      entries.map(([key]) => key),
      entries.map(() => workspaceId),
    ])
    const accepted = new Set(fresh.map((row) => row.digest))
    // In the order they came, not in the guard's.
    const fresher = [...items].filter(([key]) => accepted.has(key)).map(([, each]) => each.item)
    await deliver(client, fresher, services.lanes)
    return fresher.length
  })
}

function digest(workspaceId: string, connectionId: string, eventId: string): string {
  const hex = createHash('sha256').update(`${workspaceId}\0${connectionId}\0${eventId}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

const OWNER: Statement = { name: 'callback_message_contact', text: 'SELECT contact_id FROM message WHERE lane = $1 AND id = $2' }
const BY_PROVIDER: Statement = {
  name: 'callback_message_by_provider',
  text: 'SELECT id, contact_id FROM message WHERE provider_message_id = $1 AND connection_id = $2 LIMIT 1',
}

async function toItem(services: Services, client: Client, connection: CallbackConnection, callback: ProviderCallback): Promise<InboxItem | null> {
  const { workspaceId } = connection
  if (callback.type === 'inbound') {
    if (callback.channel !== 'sms') return null
    const address = normaliseAddress('sms', callback.from)
    if (address === null) return null
    const keys = await keysOf(services, client, workspaceId)
    const reference: Reference = `sms:${keys.blindIndex('sms', address)}`
    const { text, to, providerMessageId, at } = callback
    return { kind: 'inbound', data: { channel: 'sms', text, to, providerMessageId, at }, workspaceId, reference }
  }
  const found = await findMessage(services, client, connection, callback)
  if (found === null) {
    await run(client, KEEP, [newId(), workspaceId, connection.id, callback.providerMessageId, JSON.stringify(callback)])
    return null
  }
  const { status, human, at, code, detail, url, identity } = callback
  return {
    kind: 'callback',
    data: { messageId: found.id, status, human, at, code, detail, url, identity, providerMessageId: callback.providerMessageId ?? undefined },
    workspaceId,
    contactId: found.contactId,
  }
}

async function findMessage(
  services: Services,
  client: Client,
  connection: CallbackConnection,
  callback: Extract<ProviderCallback, { type: 'status' }>,
): Promise<{ id: string; contactId: string } | null> {
  const { messageId, providerMessageId } = callback
  if (messageId !== null && isLanedId(messageId, services.lanes)) {
    const [row] = await run<{ contact_id: string }>(client, OWNER, [laneOf(messageId), messageId])
    return row ? { id: messageId, contactId: row.contact_id } : null
  }
  if (providerMessageId === null) return null
  const [row] = await run<{ id: string; contact_id: string }>(client, BY_PROVIDER, [providerMessageId, connection.id])
  return row ? { id: row.id, contactId: row.contact_id } : null
}
