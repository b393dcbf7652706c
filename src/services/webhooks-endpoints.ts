import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { isLanedId, laneOf } from '../domain/ids.ts'
import { whyNotOutgoing } from '../domain/public-address.ts'
import type { DeliveryState, WebhookEvent } from '../domain/webhook-delivery.ts'
import { ThroughlineError } from '../errors.ts'
import { ContactTable } from '../store/entities/contact.ts'
import { type WebhookDeliveryRow, WebhookDeliveryTable } from '../store/entities/webhook-delivery.ts'
import { type WebhookEndpointRow, WebhookEndpointTable } from '../store/entities/webhook-endpoint.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { replayDeliveries } from '../store/queries/webhook-deliveries.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { isId, noteOf } from './input.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { onceTelling } from './told-secrets.ts'
import { clientOf, oneAtATime } from './transaction.ts'
import { makeSigningSecret } from './webhooks-signature.ts'
import { keysOf } from './workspace-keys.ts'

/** An endpoint without its secrets. */
export type EndpointView = Omit<WebhookEndpointRow, 'secret' | 'previousSecret'>

const MOST = 20
const LONGEST_URL = 2_000
/** How long an old secret goes on signing beside a new one. Milliseconds. */
const CHANGE_OVER = 86_400_000

function checkUrl({ config }: Services, url: string): string {
  const why =
    url.length > LONGEST_URL
      ? `must have at most ${LONGEST_URL} characters`
      : whyNotOutgoing(url, { privateHosts: config.privateHosts, httpsOnly: true })
  if (why !== null) throw new ThroughlineError('INVALID_INPUT', why, { path: ['url'] })
  return url
}

function checkTypes(types: readonly WebhookEvent[]): WebhookEvent[] {
  if (types.length === 0) throw new ThroughlineError('INVALID_INPUT', 'needs at least one event', { path: ['eventTypes'] })
  return [...new Set(types)]
}

async function find(em: EntityManager, id: string, field = 'id'): Promise<WebhookEndpointRow> {
  const row = isId(id) ? await em.findOne(WebhookEndpointTable, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE }) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such endpoint.', { path: [field] })
  return row
}

/** An endpoint that is told from now on; its signing secret is in the answer and, in the clear, nowhere else. */
export async function createEndpoint(
  services: Services,
  caller: Caller,
  input: {
    url: string
    description?: string | null | undefined
    eventTypes: readonly WebhookEvent[]
    idempotencyKey?: string | null | undefined
  },
): Promise<{ endpoint: EndpointView; secret: string }> {
  const url = checkUrl(services, input.url)
  const eventTypes = checkTypes(input.eventTypes)
  const description = noteOf(input.description, 'description')
  const { workspaceId } = caller
  const told = await onceTelling(services, caller, 'createWebhookEndpoint', input.idempotencyKey, input, async (em) => {
    await oneAtATime(em, `endpoints of ${workspaceId}`)
    if ((await em.count(WebhookEndpointTable, {})) >= MOST)
      throw new ThroughlineError('LIMIT_EXCEEDED', `A workspace has at most ${MOST} endpoints.`, { path: ['url'] })
    const secret = makeSigningSecret()
    const sealed = (await keysOf(services, clientOf(em), workspaceId)).seal(secret)
    const now = new Date()
    const { id } = em.create(WebhookEndpointTable, {
      id: newId(),
      workspaceId,
      url,
      description,
      eventTypes,
      secret: sealed,
      createdAt: now,
      updatedAt: now,
    })
    await em.flush()
    return { id, secret }
  })
  return tell(services, caller, told)
}

async function tell(
  services: Services,
  caller: Caller,
  { id, secret }: { id: string; secret: string },
): Promise<{ endpoint: EndpointView; secret: string }> {
  return { endpoint: await inWorkspaceEm(services.orm, caller.workspaceId, (em) => find(em, id)), secret }
}

/** What is given is changed. Enabled again, an endpoint is told of what it has missed, too. */
export async function updateEndpoint(
  services: Services,
  caller: Caller,
  input: {
    id: string
    url?: string | null | undefined
    description?: string | null | undefined
    eventTypes?: readonly WebhookEvent[] | null | undefined
    enabled?: boolean | null | undefined
  },
): Promise<EndpointView> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, input.id)
    if (input.url != null) row.url = checkUrl(services, input.url)
    if (input.description !== undefined) row.description = noteOf(input.description, 'description')
    if (input.eventTypes != null) row.eventTypes = checkTypes(input.eventTypes)
    if (input.enabled === true) Object.assign(row, { disabledAt: null, disabledReason: null, failingSince: null })
    if (input.enabled === false && row.disabledAt == null) Object.assign(row, { disabledAt: new Date(), disabledReason: 'REQUESTED' })
    row.updatedAt = new Date()
    await em.flush()
    return row
  })
}

/** A new signing secret; what is sent within the next day carries the old one's signature too. */
export async function rotateEndpointSecret(
  services: Services,
  caller: Caller,
  input: { id: string; idempotencyKey?: string | null | undefined },
): Promise<{ endpoint: EndpointView; secret: string }> {
  const told = await onceTelling(services, caller, 'rotateWebhookSecret', input.idempotencyKey, input, async (em) => {
    const secret = makeSigningSecret()
    const row = await find(em, input.id)
    row.previousSecret = row.secret
    row.previousUntil = new Date(Date.now() + CHANGE_OVER)
    row.secret = (await keysOf(services, clientOf(em), caller.workspaceId)).seal(secret)
    row.updatedAt = new Date()
    await em.flush()
    return { id: row.id, secret }
  })
  return tell(services, caller, told)
}

/** For good, what it was still to be told included. */
export async function deleteEndpoint(services: Services, caller: Caller, id: string): Promise<void> {
  await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    em.remove(await find(em, id))
    await em.flush()
  })
}

/** The oldest first. */
export async function listEndpoints(services: Services, caller: Caller): Promise<EndpointView[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(WebhookEndpointTable, {}, { orderBy: { id: 'asc' } }))
}

/** A delivery, and the contact's external id as it is now. */
export type DeliveryView = WebhookDeliveryRow & { externalId: string | null }

async function withContacts(em: EntityManager, rows: readonly WebhookDeliveryRow[]): Promise<DeliveryView[]> {
  const ids = [...new Set(rows.map((row) => row.contactId))]
  const contacts = await em.find(ContactTable, { lane: { $in: [...new Set(ids.map(laneOf))] }, id: { $in: ids } }, { fields: ['externalId'] })
  const known = new Map(contacts.map((contact) => [contact.id, contact.externalId ?? null]))
  return rows.map((row) => ({ ...row, externalId: known.get(row.contactId) ?? null }))
}

/** Newest first. */
export async function listDeliveries(
  services: Services,
  caller: Caller,
  input: Slice & { endpointId: string; states: readonly DeliveryState[] | null },
): Promise<DeliveryView[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const states = input.states === null ? {} : { status: { $in: [...input.states] } }
    return withContacts(em, await em.find(WebhookDeliveryTable, { endpointId: input.endpointId, ...states, ...idsWithin(input) }, orderOf(input)))
  })
}

export async function getDelivery(services: Services, caller: Caller, id: string): Promise<DeliveryView | null> {
  if (!isLanedId(id, services.lanes)) return null
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await em.findOne(WebhookDeliveryTable, { lane: laneOf(id), id })
    return row === null ? null : ((await withContacts(em, [row]))[0] ?? null)
  })
}

export const MOST_REPLAYED = 10_000

/** Tells an endpoint again, under the ids it knows: those deliveries named, whatever became of them, or all that failed since an instant. Answers how many, at most 10,000. */
export async function replay(
  services: Services,
  caller: Caller,
  input: {
    endpointId: string
    deliveryIds?: readonly string[] | null | undefined
    failedSince?: Date | null | undefined
    idempotencyKey?: string | null | undefined
  },
): Promise<number> {
  const { endpointId, deliveryIds, failedSince } = input
  if ((deliveryIds == null) === (failedSince == null))
    throw new ThroughlineError('INVALID_INPUT', 'give either deliveryIds or failedSince', { path: ['deliveryIds'] })
  return once(services, caller, 'replayWebhookDeliveries', input.idempotencyKey, input, async (em) => {
    const row = await find(em, endpointId, 'endpointId')
    if (row.disabledAt != null) throw new ThroughlineError('CONFLICT', 'The endpoint is disabled; enable it first.', { path: ['endpointId'] })
    return replayDeliveries(clientOf(em), {
      endpointId,
      states: deliveryIds == null ? ['FAILED'] : ['FAILED', 'DELIVERED', 'PENDING'],
      ids: deliveryIds == null ? null : [...deliveryIds],
      since: failedSince?.getTime() ?? null,
      most: MOST_REPLAYED,
    })
  })
}
