import type { EntityManager } from '@mikro-orm/postgresql'
import { type Channel, isOwnSurface } from '../domain/channel.ts'
import type { WhatsappContent } from '../domain/content/whatsapp.ts'
import type { OutgoingMessage, SendOutcome } from '../domain/delivery.ts'
import { isObject, type JsonObject } from '../domain/json.ts'
import { chooseWhatsapp } from '../domain/whatsapp.ts'
import { ThroughlineError } from '../errors.ts'
import { ProviderConnectionTable } from '../store/entities/provider-connection.ts'
import { newId, newLanedId } from '../store/new-id.ts'
import { ADDRESS_OF, normaliseAddress } from './address.ts'
import { findCallbackConnection } from './callbacks.ts'
import type { Caller, OpenConnection, Services } from './context.ts'
import { once } from './idempotency.ts'
import { isId } from './input.ts'
import { renderPreview } from './previews.ts'
import { checkVars } from './sends.ts'
import { requireTemplate } from './templates.ts'

export interface TestSend {
  templateId: string
  address: string
  /** The template's own where left out. */
  channel?: Channel | null | undefined
  locale?: string | null | undefined
  data?: JsonObject | null | undefined
  connectionId?: string | null | undefined
  idempotencyKey?: string | null | undefined
}

export interface TestSendResult {
  outcome: 'ACCEPTED' | 'REFUSED' | 'UNKNOWN'
  /** Of the provider, where it is not accepted. */
  code: string | null
  message: string | null
  providerMessageId: string | null
}

/** Whoever is sent a test was not asked for consent, so there are few of them. */
const MOST_A_MINUTE = 10
const MOST_A_DAY = 200
const OPERATION = 'sendTestMessage'

/**
 * Sends a template, rendered with sample data, to an address that need not be anybody's: through the workspace's own
 * connection, past the ring, its gate and its ledger. Nothing of it is counted, tracked or tried again.
 */
export async function sendTestMessage(services: Services, caller: Caller, input: TestSend): Promise<TestSendResult> {
  const data = input.data ?? {}
  const found = await requireTemplate(services, caller, input.templateId, 'templateId')
  const { channel, content } = await renderPreview(services, caller, found, { channel: input.channel, locale: input.locale ?? null, data })
  checkVars(found.version.variables, isObject(data.vars) ? data.vars : {}, ['data', 'vars'])
  if (isOwnSurface(channel))
    throw new ThroughlineError('INVALID_INPUT', `is for ${channel}, which has no addresses`, {
      path: [input.channel == null ? 'templateId' : 'channel'],
    })
  const address = normaliseAddress(channel, input.address, services.config.privateHosts)
  if (address === null) throw new ThroughlineError('INVALID_INPUT', `is not ${ADDRESS_OF[channel]}`, { path: ['address'] })
  // The rows that keep the answers are what is counted, so each test has one.
  const key = input.idempotencyKey ?? `${OPERATION} ${newId()}`
  return once(services, caller, OPERATION, key, input, async (em) => {
    await charge(em, caller)
    const connection = await connectionFor(em, services, caller, channel, input.connectionId ?? null)
    const { publicUrl, privateHosts } = services.config
    const callbackUrl = `${publicUrl}/webhooks/${connection.provider}/${connection.id}`
    return resultOf(await services.sendOnce({ ...connection, callbackUrl, privateHosts }, messageOf(caller, channel, connection, address, content)))
  })
}

/** One at a time per workspace, or many at once would each find room for themselves; who comes meanwhile need not wait for a provider. */
async function charge(em: EntityManager, caller: Caller): Promise<void> {
  const [lock] = await em.execute<{ had: boolean }[]>('select pg_try_advisory_xact_lock(hashtextextended(?, 0)) as had', [
    `tests of ${caller.workspaceId}`,
  ])
  if (lock?.had !== true) throw new ThroughlineError('RATE_LIMITED', 'Another test is under way.', { data: { retryAfter: 1 } })
  // This one's own row is among them.
  const [count] = await em.execute<{ minute: number; day: number }[]>(
    `select count(*) filter (where created_at > now() - interval '1 minute')::int as minute, count(*)::int as day
     from idempotency where workspace_id = ? and operation = ? and created_at > now() - interval '1 day'`,
    [caller.workspaceId, OPERATION],
  )
  if (count !== undefined && count.day > MOST_A_DAY)
    throw new ThroughlineError('RATE_LIMITED', `There are ${MOST_A_DAY} tests a day.`, { data: { retryAfter: 3_600 } })
  if (count !== undefined && count.minute > MOST_A_MINUTE)
    throw new ThroughlineError('RATE_LIMITED', `There are ${MOST_A_MINUTE} tests a minute.`, { data: { retryAfter: 60 } })
}

async function connectionFor(em: EntityManager, services: Services, caller: Caller, channel: Channel, id: string | null): Promise<OpenConnection> {
  const named = id === null ? {} : { id: isId(id) ? id : newId() }
  const row = await em.findOne(ProviderConnectionTable, { ...named, channel, disabledAt: null }, { orderBy: { priority: 'asc', id: 'asc' } })
  const connection = row === null ? null : await findCallbackConnection(services, row.id)
  if (connection === null || connection.workspaceId !== caller.workspaceId)
    throw new ThroughlineError('NOT_FOUND', `There is no such live connection for ${channel}.`, { path: ['connectionId'] })
  return connection
}

function messageOf(
  { workspaceId }: Caller,
  channel: Channel,
  { provider }: OpenConnection,
  address: string,
  { attachments: _left, ...content }: JsonObject,
): OutgoingMessage {
  return {
    id: newLanedId(0),
    workspaceId,
    attempt: 1,
    channel,
    purpose: 'TRANSACTIONAL',
    address,
    platform: null,
    content: channel === 'whatsapp' ? whatsappOf(content, provider) : content,
    unsubscribeUrl: null,
  }
}

/** Nobody knows whether this address has written lately, so it is the template that is sent; whether it is approved, the provider says. */
function whatsappOf(content: JsonObject, provider: string): JsonObject {
  const choice = chooseWhatsapp(content as unknown as WhatsappContent, { windowOpen: false, provider, template: 'APPROVED' })
  if ('send' in choice) return choice.send as unknown as JsonObject
  const why = 'empty' in choice ? `${choice.empty} came out empty` : 'has only a session message, which needs somebody who has written'
  throw new ThroughlineError('INVALID_INPUT', why, { path: ['templateId'] })
}

function resultOf(outcome: SendOutcome): TestSendResult {
  if (outcome.type === 'ok') return { outcome: 'ACCEPTED', code: null, message: null, providerMessageId: outcome.providerMessageId }
  const [code, message] = outcome.type === 'held' ? [outcome.reason, null] : [outcome.code, outcome.message]
  return { outcome: outcome.type === 'ambiguous' ? 'UNKNOWN' : 'REFUSED', code, message, providerMessageId: null }
}
