import type { Channel } from '../domain/channel.ts'
import type { ProviderCallback } from '../domain/delivery.ts'
import { isLanedId, laneOf } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { WINDOW_CLOSED_CODES } from '../domain/whatsapp.ts'
import { deliver, type InboxItem, laneOfItem } from '../lanes/inbox.ts'
import type { Client } from '../store/ask.ts'
import { closeWindowsOf, recategoriseTemplate, reviewTemplate } from '../store/queries/whatsapp.ts'
import { inWorkspace, run, type Statement } from '../store/sql.ts'
import type { WorkspaceKeys } from '../store/vault.ts'
import { normaliseAddress } from './address.ts'
import type { OpenConnection, Services } from './context.ts'
import { digestUuid } from './digest.ts'
import { receiveWriters } from './whatsapp-windows.ts'
import { keysOf } from './workspace-keys.ts'

const WORKSPACE: Statement = { name: 'callback_workspace', text: 'SELECT connection_workspace($1) AS id' }
const CONNECTION: Statement = {
  name: 'callback_connection',
  text: 'SELECT id, provider, base_url, credentials, settings FROM provider_connection WHERE id = $1 AND disabled_at IS NULL',
}

/** The live connection of this id; null where there is none. */
export async function findCallbackConnection(services: Services, id: string): Promise<OpenConnection | null> {
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

/** One item for the ring, under the provider's event. */
export interface Arrival {
  digest: string
  item: InboxItem
}

/** Each provider event once: the guard's row and the inbox's go in together. */
const GUARD: Statement = {
  name: 'callback_guard',
  text: `INSERT INTO inbox_guard (lane, digest, workspace_id) SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) ON CONFLICT (lane, digest) DO NOTHING RETURNING digest`,
}

/** Those that have not arrived before, in the order given; from now on they have. */
async function guarded<T extends Arrival>(client: Client, arrivals: readonly T[], lanes: number): Promise<T[]> {
  if (arrivals.length === 0) return []
  // In the guard's own order, as everybody does, so that no two wait for each other.
  const guards = [...new Map(arrivals.map((each) => [each.digest, { ...each, lane: laneOfItem(each.item, lanes) }])).values()].sort(
    (a, b) => a.lane - b.lane || (a.digest < b.digest ? -1 : 1),
  )
  const rows = await run<{ digest: string }>(client, GUARD, [
    guards.map((each) => each.lane),
    guards.map((each) => each.digest),
    guards.map((each) => each.item.workspaceId),
  ])
  const fresh = new Set(rows.map((row) => row.digest))
  return arrivals.filter((each) => fresh.delete(each.digest))
}

/** Puts what has not arrived before into the ring, in the order given; answers how many that were. */
export async function arrive(client: Client, arrivals: readonly Arrival[], lanes: number): Promise<number> {
  const items = (await guarded(client, arrivals, lanes)).map((each) => each.item)
  await deliver(client, items, lanes)
  return items.length
}

const KEEP: Statement = {
  name: 'callback_keep',
  text: `INSERT INTO unmatched_callback (id, workspace_id, connection_id, provider_message_id, callback)
    SELECT id, $1, $2, provider_message_id, callback::jsonb FROM unnest($3::uuid[], $4::text[], $5::text[]) AS k (id, provider_message_id, callback) ON CONFLICT (id) DO NOTHING`,
}

/**
 * Takes what a verified webhook said. Committed before the provider is told so; a repetition changes nothing;
 * what names no message of ours is kept, to be matched again. Returns how many went into the ring.
 */
export async function acceptCallbacks(services: Services, connection: OpenConnection, callbacks: readonly ProviderCallback[]): Promise<number> {
  if (callbacks.length === 0) return 0
  const { workspaceId } = connection
  return inWorkspace(services.apiPool, workspaceId, async (client) => {
    const statuses = callbacks.filter((each) => each.type === 'status')
    const owners = statuses.length === 0 ? new Map<StatusCallback, Owner>() : await findOwners(client, connection, statuses, services.lanes)
    const keys = callbacks.length > statuses.length ? await keysOf(services, client, workspaceId) : null
    const chosen = await findChosen(client, connection, callbacks)
    const arrivals: (Arrival & { callback: ProviderCallback })[] = []
    const unknown = new Map<string, StatusCallback>()
    for (const callback of callbacks) {
      const digest = digestOf(workspaceId, connection.id, callback.providerEventId)
      const owner = callback.type === 'status' ? owners.get(callback) : undefined
      if (callback.type === 'status' && owner === undefined) unknown.set(digest, callback)
      const item =
        owner !== undefined && callback.type === 'status' ? statusItem(workspaceId, callback, owner) : personItem(workspaceId, callback, keys, chosen)
      if (item !== null) arrivals.push({ digest, item, callback })
    }
    if (unknown.size > 0) {
      const kept = [...unknown].sort(([a], [b]) => (a < b ? -1 : 1))
      const values = [kept.map(([id]) => id), kept.map(([, each]) => each.providerMessageId), kept.map(([, each]) => JSON.stringify(each))]
      await run(client, KEEP, [workspaceId, connection.id, ...values])
    }
    const closed = [...owners].flatMap(([each, { messageId }]) =>
      WINDOW_CLOSED_CODES.has(each.code ?? '') ? [{ lane: laneOf(messageId), id: messageId, at: each.at }] : [],
    )
    if (closed.length > 0) await closeWindowsOf(client, connection.id, closed)
    for (const each of callbacks) {
      if (each.type === 'template') await reviewTemplate(client, connection.id, each)
      if (each.type === 'template_category') await recategoriseTemplate(client, connection.id, each)
    }
    const fresh = await guarded(client, arrivals, services.lanes)
    const news = fresh.map((each) => each.callback)
    if (keys !== null) await receiveWriters(client, connection, news, keys, services.lanes)
    const items = fresh.map((each) => each.item)
    await deliver(client, items, services.lanes)
    return items.length
  })
}

function digestOf(workspaceId: string, connectionId: string, eventId: string): string {
  return digestUuid('sha256', `${workspaceId}\0${connectionId}\0${eventId}`)
}

export type StatusCallback = Extract<ProviderCallback, { type: 'status' }>
interface Owner {
  messageId: string
  contactId: string
}

const BY_ID: Statement = {
  name: 'callback_message_by_id',
  text: `SELECT m.id, m.contact_id FROM unnest($1::smallint[], $2::uuid[]) AS k (lane, id),
    LATERAL (SELECT id, contact_id FROM message WHERE message.lane = k.lane AND message.id = k.id LIMIT 1) AS m`,
}
const BY_PROVIDER: Statement = {
  name: 'callback_message_by_provider',
  text: `SELECT k.provider_message_id, m.id, m.contact_id FROM unnest($1::text[]) AS k (provider_message_id),
    LATERAL (SELECT id, contact_id FROM message WHERE message.provider_message_id = k.provider_message_id AND connection_id = $2 LIMIT 1) AS m`,
}

/** Whose messages these are about: by our own id where the provider returned it, else by the provider's. */
async function findOwners(
  client: Client,
  connection: OpenConnection,
  callbacks: readonly StatusCallback[],
  lanes: number,
): Promise<Map<StatusCallback, Owner>> {
  const ids = new Set(callbacks.flatMap(({ messageId }) => (messageId !== null && isLanedId(messageId, lanes) ? [messageId] : [])))
  const byId = ids.size === 0 ? [] : await run<{ id: string; contact_id: string }>(client, BY_ID, [[...ids].map(laneOf), [...ids]])
  const known = new Map(byId.map((row) => [row.id, { messageId: row.id, contactId: row.contact_id }]))
  const rest = new Set(
    callbacks.flatMap((each) => (each.providerMessageId === null || known.has(each.messageId ?? '') ? [] : [each.providerMessageId])),
  )
  const byProvider =
    rest.size === 0 ? [] : await run<{ provider_message_id: string; id: string; contact_id: string }>(client, BY_PROVIDER, [[...rest], connection.id])
  const found = new Map(byProvider.map((row) => [row.provider_message_id, { messageId: row.id, contactId: row.contact_id }]))
  return new Map(
    callbacks.flatMap((each) => {
      const owner = known.get(each.messageId ?? '') ?? found.get(each.providerMessageId ?? '')
      return owner === undefined ? [] : [[each, owner] as const]
    }),
  )
}

/** Which of ours people chose to answer, by the provider's id. */
async function findChosen(client: Client, connection: OpenConnection, callbacks: readonly ProviderCallback[]): Promise<Map<string, string>> {
  const ids = new Set(callbacks.flatMap((each) => (each.type === 'inbound' && each.repliesTo !== undefined ? [each.repliesTo] : [])))
  if (ids.size === 0) return new Map()
  const rows = await run<{ provider_message_id: string; id: string }>(client, BY_PROVIDER, [[...ids], connection.id])
  return new Map(rows.map((row) => [row.provider_message_id, row.id]))
}

/** What the ring hears of it. */
export function statusItem(workspaceId: string, callback: StatusCallback, { messageId, contactId }: Owner): InboxItem {
  const { status, human, at, code, detail, url, identity, attempt, again, providerMessageId } = callback
  const data = { messageId, status, human, at, code, detail, url, identity, attempt, again, providerMessageId: providerMessageId ?? undefined }
  return { kind: 'callback', data, workspaceId, contactId }
}

/** Channels people answer on. */
const TWO_WAY: ReadonlySet<Channel> = new Set(['sms', 'whatsapp', 'rcs'])

/** What a person wrote, or chose. null for a channel nobody answers on, and a sender whose number is none. `chosen`: our messages by the provider's ids. */
function personItem(
  workspaceId: string,
  callback: ProviderCallback,
  keys: WorkspaceKeys | null,
  chosen: ReadonlyMap<string, string>,
): InboxItem | null {
  if ((callback.type !== 'inbound' && callback.type !== 'preference') || keys === null) return null
  const { channel } = callback
  const address = TWO_WAY.has(channel) ? normaliseAddress(channel, callback.from) : null
  if (address === null) return null
  const from = keys.blindIndex(channel, address)
  const whose = { workspaceId, reference: `${channel}:${from}` as const }
  if (callback.type === 'preference') return { kind: 'preference', data: { channel, state: callback.state, at: callback.at }, ...whose }
  const { text, to, providerMessageId, at, properties, repliesTo } = callback
  const inReplyTo = repliesTo === undefined ? undefined : chosen.get(repliesTo)
  return { kind: 'inbound', data: { channel, text, from, to, providerMessageId, at, inReplyTo, properties }, ...whose }
}
