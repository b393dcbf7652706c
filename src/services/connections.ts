import type { Channel } from '../domain/channel.ts'
import type { JsonObject } from '../domain/json.ts'
import { describeProvider, PROVIDERS } from '../domain/providers.ts'
import { ThroughlineError } from '../errors.ts'
import { type ProviderConnectionRow, ProviderConnectionTable } from '../store/entities/provider-connection.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, isId, nameOf } from './input.ts'
import { clientOf, flushUnique } from './transaction.ts'
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
  createdAt: Date
  disabledAt: Date | null
}

export function viewConnection(services: Services, row: ProviderConnectionRow): ConnectionView {
  const { id, name, channel, provider, settings, createdAt } = row
  return {
    id,
    name,
    channel,
    provider,
    settings,
    createdAt,
    baseUrl: row.baseUrl ?? null,
    disabledAt: row.disabledAt ?? null,
    callbackUrl: `${services.config.publicUrl}/webhooks/${provider}/${id}`,
  }
}

/** Connects a provider. A channel has one live connection: disable the old one first. */
export async function connectProvider(
  services: Services,
  caller: Caller,
  input: {
    provider: string
    name: string
    credentials: JsonObject
    settings?: JsonObject | null | undefined
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
      createdAt: now,
      updatedAt: now,
    })
    await flushUnique(em, 'provider', `The ${description.channel} channel is connected already; disable that connection first.`)
    return row.id
  })
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(ProviderConnectionTable, { id }))
  return viewConnection(services, row)
}

export async function disableConnection(services: Services, caller: Caller, id: string): Promise<ConnectionView> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = isId(id) ? await em.findOne(ProviderConnectionTable, { id }) : null
    if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such connection.', { path: ['id'] })
    row.disabledAt ??= new Date()
    row.updatedAt = new Date()
    await em.flush()
    return viewConnection(services, row)
  })
}

export async function listConnections(services: Services, caller: Caller): Promise<ConnectionView[]> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(ProviderConnectionTable, {}, { orderBy: { id: 'asc' }, limit: 100 }),
  )
  return rows.map((row) => viewConnection(services, row))
}

/** What pages subscribe with (`applicationServerKey`): the VAPID public key in use; null where web push is not connected. */
export async function webPushPublicKey(services: Services, caller: Caller): Promise<string | null> {
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.findOne(ProviderConnectionTable, { channel: 'web_push', disabledAt: null }),
  )
  const key = row?.settings.publicKey
  return typeof key === 'string' ? key : null
}
