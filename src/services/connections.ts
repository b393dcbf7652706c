import type { EntityManager } from '@mikro-orm/postgresql'
import type { Channel } from '../domain/channel.ts'
import { type CircuitState, circuitState, mayFailOver } from '../domain/circuit.ts'
import type { JsonObject } from '../domain/json.ts'
import { describeProvider, PROVIDERS } from '../domain/providers.ts'
import { ThroughlineError } from '../errors.ts'
import { type ProviderCircuitRow, ProviderCircuitTable } from '../store/entities/provider-circuit.ts'
import { type ProviderConnectionRow, ProviderConnectionTable } from '../store/entities/provider-connection.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, isId, nameOf } from './input.ts'
import { clientOf, flushUnique, oneAtATime } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

/** A connection as it may be shown: credentials go in and never come out. */
export interface ConnectionView {
  id: string
  name: string
  channel: Channel
  provider: string
  baseUrl: string | null
  settings: JsonObject
  /** What to enter at the provider as the address of its webhooks. */
  callbackUrl: string
  /** The lowest comes first. */
  priority: number
  health: ConnectionHealth
  createdAt: Date
  disabledAt: Date | null
}

/** How a connection has fared of late. */
export interface ConnectionHealth {
  state: CircuitState
  /** Faults in a row. */
  failures: number
  openUntil: Date | null
  lastFault: { code: string; at: Date } | null
}

const SOUND: ConnectionHealth = { state: 'CLOSED', failures: 0, openUntil: null, lastFault: null }

function healthOf(circuit: ProviderCircuitRow | null): ConnectionHealth {
  if (circuit === null) return SOUND
  const { failures, code, failedAt, openUntil = null } = circuit
  return { state: circuitState(openUntil?.getTime() ?? null, Date.now()), failures, openUntil: openUntil ?? null, lastFault: { code, at: failedAt } }
}

export function viewConnection(services: Services, row: ProviderConnectionRow, circuit: ProviderCircuitRow | null = null): ConnectionView {
  const { id, name, channel, provider, settings, priority, createdAt } = row
  return {
    id,
    name,
    channel,
    provider,
    settings,
    priority,
    health: healthOf(circuit),
    createdAt,
    baseUrl: row.baseUrl ?? null,
    disabledAt: row.disabledAt ?? null,
    callbackUrl: `${services.config.publicUrl}/webhooks/${provider}/${id}`,
  }
}

/** Live connections of a channel: one to send through, and some to stand in. */
const MOST_LIVE = 10
const LAST_PRIORITY = 100

const PLACE_TAKEN = 'Another live connection of the channel has this priority.'

function priorityOf(wanted: number): number {
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= LAST_PRIORITY) return wanted
  throw new ThroughlineError('INVALID_INPUT', `must be a whole number from 1 to ${LAST_PRIORITY}`, { path: ['priority'] })
}

/** The place of a connection among its channel's live ones, itself left out; the next free one where none is asked for. */
async function placeOf(em: EntityManager, caller: Caller, channel: Channel, wanted: number | null, self: string | null = null): Promise<number> {
  // Of two at once the second sees the first.
  await oneAtATime(em, `connections ${caller.workspaceId} ${channel}`)
  const others = await em.find(ProviderConnectionTable, { channel, disabledAt: null, ...(self === null ? {} : { id: { $ne: self } }) })
  const conflict = (message: string) => new ThroughlineError('CONFLICT', message, { path: [self === null ? 'provider' : 'enabled'] })
  if (others.length > 0 && !mayFailOver(channel))
    throw conflict(`The ${channel} channel is connected already, and its addresses belong to that connection; disable it first.`)
  if (others.length >= MOST_LIVE) throw conflict(`The ${channel} channel has ${MOST_LIVE} live connections.`)
  const place = wanted === null ? Math.max(0, ...others.map((each) => each.priority)) + 1 : priorityOf(wanted)
  if (place > LAST_PRIORITY || others.some((each) => each.priority === place))
    throw new ThroughlineError('CONFLICT', PLACE_TAKEN, { path: ['priority'] })
  return place
}

/** Connects a provider: from then on its channel sends through it, or may, where another comes before it. */
export async function connectProvider(
  services: Services,
  caller: Caller,
  input: {
    provider: string
    name: string
    credentials: JsonObject
    settings?: JsonObject | null | undefined
    priority?: number | null | undefined
    baseUrl?: string | null | undefined
    idempotencyKey?: string | null | undefined
  },
): Promise<ConnectionView> {
  const description = describeProvider(input.provider)
  if (description === undefined)
    throw new ThroughlineError('INVALID_INPUT', `must be one of ${PROVIDERS.map((each) => each.provider).join(', ')}`, { path: ['provider'] })
  const credentials = conform(description.credentials, input.credentials, ['credentials'])
  const settings = conform(description.settings, input.settings ?? {}, ['settings'])
  if (input.baseUrl != null && !/^https?:$/.test(URL.canParse(input.baseUrl) ? new URL(input.baseUrl).protocol : ''))
    throw new ThroughlineError('INVALID_INPUT', 'is not an http(s) URL', { path: ['baseUrl'] })
  const name = nameOf(input.name, 'name')
  const id = await once(services, caller, 'connectProvider', input.idempotencyKey, input, async (em) => {
    const keys = await keysOf(services, clientOf(em), caller.workspaceId)
    const priority = await placeOf(em, caller, description.channel, input.priority ?? null)
    const now = new Date()
    const row = em.create(ProviderConnectionTable, {
      id: newId(),
      workspaceId: caller.workspaceId,
      channel: description.channel,
      provider: input.provider,
      name,
      baseUrl: input.baseUrl ?? null,
      credentials: keys.seal(JSON.stringify(credentials)),
      settings,
      priority,
      createdAt: now,
      updatedAt: now,
    })
    await flushUnique(em, 'priority', PLACE_TAKEN)
    return row.id
  })
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(ProviderConnectionTable, { id }))
  return viewConnection(services, row)
}

async function findConnection(em: EntityManager, id: string): Promise<ProviderConnectionRow> {
  const row = isId(id) ? await em.findOne(ProviderConnectionTable, { id }) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such connection.', { path: ['id'] })
  return row
}

/** Sends nothing through a connection any more, and refuses its webhooks. */
export async function disableConnection(services: Services, caller: Caller, id: string): Promise<ConnectionView> {
  return updateConnection(services, caller, { id, enabled: false })
}

/** Changes a connection; what is left out stays. One that is enabled begins with a closed circuit. */
export async function updateConnection(
  services: Services,
  caller: Caller,
  input: {
    id: string
    name?: string | null | undefined
    priority?: number | null | undefined
    enabled?: boolean | null | undefined
    credentials?: JsonObject | null | undefined
    settings?: JsonObject | null | undefined
  },
): Promise<ConnectionView> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await findConnection(em, input.id)
    const access = await newAccess(em, services, caller, row, input)
    const wasLive = row.disabledAt == null
    const live = input.enabled ?? wasLive
    const wanted = input.priority == null ? row.priority : priorityOf(input.priority)
    // Asked before anything is changed: what the ORM has not written yet it would write first.
    const moves = live && (!wasLive || wanted !== row.priority)
    row.priority = moves ? await placeOf(em, caller, row.channel, wanted, row.id) : wanted
    // What failed with the old may go well with the new.
    if ((live && !wasLive) || access !== null) await em.nativeDelete(ProviderCircuitTable, { connectionId: row.id })
    row.disabledAt = live ? null : (row.disabledAt ?? new Date())
    if (input.name != null) row.name = nameOf(input.name, 'name')
    Object.assign(row, access)
    row.updatedAt = new Date()
    await flushUnique(em, 'priority', PLACE_TAKEN)
    return viewConnection(services, row, await em.findOne(ProviderCircuitTable, { connectionId: row.id }))
  })
}

/** The credentials, sealed, and settings to go on with; null where neither is to change. Throws INVALID_INPUT where they are of another account. */
async function newAccess(
  em: EntityManager,
  services: Services,
  caller: Caller,
  row: ProviderConnectionRow,
  input: { credentials?: JsonObject | null | undefined; settings?: JsonObject | null | undefined },
): Promise<Pick<ProviderConnectionRow, 'credentials' | 'settings'> | null> {
  const description = describeProvider(row.provider)
  if (description === undefined || (input.credentials == null && input.settings == null)) return null
  const keys = await keysOf(services, clientOf(em), caller.workspaceId)
  const known = { credentials: JSON.parse(keys.open(Buffer.from(row.credentials))) as JsonObject, settings: row.settings }
  const credentials = input.credentials == null ? known.credentials : conform(description.credentials, input.credentials, ['credentials'])
  const settings = input.settings == null ? known.settings : conform(description.settings, input.settings, ['settings'])
  for (const [part, now] of [['credentials', credentials] as const, ['settings', settings] as const])
    for (const field of description.account)
      if (now[field] !== known[part][field])
        throw new ThroughlineError('INVALID_INPUT', 'is of another account; connect that as a connection of its own', { path: [part, field] })
  return { credentials: keys.seal(JSON.stringify(credentials)), settings }
}

export async function listConnections(services: Services, caller: Caller): Promise<ConnectionView[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const rows = await em.find(ProviderConnectionTable, {}, { orderBy: { id: 'asc' }, limit: 100 })
    const circuits = new Map(
      (await em.find(ProviderCircuitTable, { connectionId: { $in: rows.map((row) => row.id) } })).map((each) => [each.connectionId, each]),
    )
    return rows.map((row) => viewConnection(services, row, circuits.get(row.id) ?? null))
  })
}

/** What pages subscribe with (`applicationServerKey`): the VAPID public key in use; null where web push is not connected. */
export async function webPushPublicKey(services: Services, caller: Caller): Promise<string | null> {
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    // The channel has one live connection at most: a subscription is good for one key alone.
    em.findOne(ProviderConnectionTable, { channel: 'web_push', disabledAt: null }),
  )
  const key = row?.settings.publicKey
  return typeof key === 'string' ? key : null
}
