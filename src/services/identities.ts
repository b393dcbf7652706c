import { CHANNELS, type Channel } from '../domain/channel.ts'
import { laneOf, laneOfReference } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { type ChannelIdentityRow, ChannelIdentityTable } from '../store/entities/channel-identity.ts'
import { newLanedId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { openUntil } from '../store/queries/whatsapp.ts'
import { ADDRESS_OF, maskAddress, normaliseAddress } from './address.ts'
import { ownKey } from './contact-tokens.ts'
import { announce, type ContactReference, findOrCreateContact, lockContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { clientOf } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

export interface AddIdentity {
  contact: ContactReference
  channel: Channel
  /** Email address, phone number, device token, or a browser's PushSubscription as JSON. */
  address: string
  /** Push only: `android`, `ios` or `web`. */
  platform?: string | null | undefined
  idempotencyKey?: string | null | undefined
}

/** An identity as it may be shown: of the address no more than its owner needs to recognise it. */
export interface Identity {
  id: string
  contactId: string
  channel: Channel
  status: ChannelIdentityRow['status']
  maskedAddress: string
  platform: string | null
  createdAt: Date
  /** WhatsApp only: until when free words reach it; null where they do not. */
  openUntil: Date | null
}

const PLATFORMS: ReadonlySet<string> = new Set(['android', 'ios', 'web'])
/** Addresses an app or a page has itself from its system, and nobody could mistake: the only ones a contact's own token is good for. */
const OF_DEVICES: Channel[] = ['push', 'web_push']
const DEVICES_ONLY = 'With a contact’s token, devices and browsers may be registered and removed; for other addresses use an API key.'

/**
 * Registers an address, or refreshes one that is there: it becomes active and the most recently seen. The
 * address is sealed; its blind index finds it again, and points at whoever registered it last.
 */
export async function addIdentity(services: Services, caller: Caller, input: AddIdentity): Promise<{ identityId: string; contactId: string }> {
  if (!CHANNELS.includes(input.channel)) throw new ThroughlineError('INVALID_INPUT', `must be one of ${CHANNELS.join(', ')}`, { path: ['channel'] })
  const address = normaliseAddress(input.channel, input.address, services.config.privateHosts)
  if (address === null) throw new ThroughlineError('INVALID_INPUT', `is not ${ADDRESS_OF[input.channel]}`, { path: ['address'] })
  if (input.platform != null && !(input.channel === 'push' && PLATFORMS.has(input.platform)))
    throw new ThroughlineError('INVALID_INPUT', 'is android, ios or web, of a device', { path: ['platform'] })
  if (caller.contactId !== undefined && !OF_DEVICES.includes(input.channel)) throw new ThroughlineError('FORBIDDEN', DEVICES_ONLY)
  return once(services, caller, 'addIdentity', ownKey(caller, input.idempotencyKey), input, async (em) => {
    const { row, created } = await findOrCreateContact(em, services, caller, input.contact)
    const keys = await keysOf(services, clientOf(em), caller.workspaceId)
    const blind = keys.blindIndex(input.channel, address)
    const known = await em.findOne(ChannelIdentityTable, { lane: row.lane, contactId: row.id, channel: input.channel, blindIndex: blind })
    const [stored] = await em.execute<{ id: string }[]>(
      `insert into channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index, platform) values (?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (lane, contact_id, channel, blind_index) do update set status = 'ACTIVE', last_seen_at = now(), platform = coalesce(excluded.platform, channel_identity.platform) returning id`,
      [row.lane, newLanedId(row.lane), caller.workspaceId, row.id, input.channel, keys.seal(address), blind, input.platform ?? null],
    )
    const reference = `${input.channel}:${blind}` as const
    await em.execute(
      `insert into contact_alias (lane, workspace_id, reference, contact_id) values (?, ?, ?, ?) on conflict (lane, workspace_id, reference) do update set contact_id = excluded.contact_id`,
      [laneOfReference(caller.workspaceId, reference, services.lanes), caller.workspaceId, reference, row.id],
    )
    // An app registers its token at every start; that alone is no change.
    const changed = known?.status !== 'ACTIVE' || (input.platform ?? known.platform) !== known.platform
    if (created || changed) await announce(em, services, caller, row, created ? 'created' : 'changed', [`$${input.channel}`])
    return { identityId: stored?.id ?? '', contactId: row.id }
  })
}

/** Forgets an address for good. */
export async function removeIdentity(services: Services, caller: Caller, id: string): Promise<string> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const identity = await em.findOne(ChannelIdentityTable, { lane: laneOf(id), id })
    if (identity === null) throw new ThroughlineError('NOT_FOUND', 'There is no such identity.', { path: ['id'] })
    const row = await lockContact(em, services, caller, { id: identity.contactId })
    if (caller.contactId !== undefined && !OF_DEVICES.includes(identity.channel)) throw new ThroughlineError('FORBIDDEN', DEVICES_ONLY)
    const reference = `${identity.channel}:${identity.blindIndex}` as const
    await em.execute('delete from contact_alias where lane = ? and workspace_id = ? and reference = ? and contact_id = ?', [
      laneOfReference(caller.workspaceId, reference, services.lanes),
      caller.workspaceId,
      reference,
      identity.contactId,
    ])
    em.remove(identity)
    await em.flush()
    await announce(em, services, caller, row, 'changed', [`$${identity.channel}`])
    return row.id
  })
}

/** The addresses of these contacts, by contact; with a contact's own token its devices and browsers alone. */
export async function identitiesOf(services: Services, caller: Caller, contactIds: readonly string[]): Promise<Map<string, Identity[]>> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const rows = await em.find(
      ChannelIdentityTable,
      {
        lane: { $in: [...new Set(contactIds.map(laneOf))] },
        contactId: { $in: [...contactIds] },
        ...(caller.contactId === undefined ? {} : { channel: { $in: OF_DEVICES } }),
      },
      { orderBy: { createdAt: 'asc' } },
    )
    const keys = await keysOf(services, clientOf(em), caller.workspaceId)
    const windows = rows.filter((row) => row.channel === 'whatsapp')
    const open = windows.length === 0 ? new Map<string, Date>() : await openUntil(clientOf(em), windows)
    const found = new Map<string, Identity[]>(contactIds.map((id) => [id, []]))
    for (const row of rows) {
      const { id, contactId, channel, status, platform, createdAt } = row
      found.get(contactId)?.push({
        id,
        contactId,
        channel,
        status,
        platform: platform ?? null,
        createdAt,
        openUntil: open.get(id) ?? null,
        maskedAddress: maskAddress(channel, keys.open(Buffer.from(row.address))),
      })
    }
    return found
  })
}

/** One address; null where there is none of this id. */
export async function getIdentity(services: Services, caller: Caller, id: string): Promise<Identity | null> {
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOne(ChannelIdentityTable, { lane: laneOf(id), id }))
  return row === null ? null : ((await identitiesOf(services, caller, [row.contactId])).get(row.contactId)?.find((each) => each.id === id) ?? null)
}
