import type { EntityManager } from '@mikro-orm/postgresql'
import { CHANNELS, type Channel, OF_DEVICES } from '../domain/channel.ts'
import { isLanedId, laneOf, laneOfReference } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { type ChannelIdentityRow, ChannelIdentityTable } from '../store/entities/channel-identity.ts'
import type { ContactRow } from '../store/entities/contact.ts'
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
  /** An address of the same contact and channel that this one takes the place of: a device's token was renewed. */
  replaces?: string | null | undefined
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
/** These addresses an app or a page has itself from its system, and nobody could mistake them: the only ones a contact's own token is good for. */
const DEVICES_ONLY = 'With a contact’s token, devices and browsers may be registered and removed; for other addresses use an API key.'

/**
 * Registers an address, or refreshes one that is there: it becomes active and the most recently seen. The
 * address is sealed; its blind index finds it again, and points at whoever registered it last. A device is one
 * person's at a time: whoever had registered it before is no longer reached by it.
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
    const reference = `${input.channel}:${blind}` as const
    // Before any identity is written, so that two who register one device at once wait for each other here.
    await pointAt(em, services, caller, row.id, reference)
    const known = await em.findOne(ChannelIdentityTable, { lane: row.lane, contactId: row.id, channel: input.channel, blindIndex: blind })
    const sealed = keys.seal(address)
    const renewed =
      input.replaces != null && (await renew(em, services, caller, row, { ...input, id: input.replaces, blind, sealed, known: known !== null }))
    const [stored] = await em.execute<{ id: string }[]>(
      `insert into channel_identity (lane, id, workspace_id, contact_id, channel, address, blind_index, platform) values (?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (lane, contact_id, channel, blind_index) do update set status = 'ACTIVE', last_seen_at = now(), platform = coalesce(excluded.platform, channel_identity.platform) returning id`,
      [row.lane, newLanedId(row.lane), caller.workspaceId, row.id, input.channel, sealed, blind, input.platform ?? null],
    )
    // An app registers its token at every start; that alone is no change.
    const changed = renewed || known?.status !== 'ACTIVE' || (input.platform ?? known.platform) !== known.platform
    if (created || changed) await announce(em, services, caller, row, created ? 'created' : 'changed', [`$${input.channel}`])
    return { identityId: stored?.id ?? '', contactId: row.id }
  })
}

type AddressReference = `${Channel}:${string}`

/** What arrives from the address is this contact's from now on. Of a device, whoever had it before has it no more. */
async function pointAt(em: EntityManager, services: Services, caller: Caller, contactId: string, reference: AddressReference): Promise<void> {
  const key = [laneOfReference(caller.workspaceId, reference, services.lanes), caller.workspaceId, reference]
  const sql = 'select contact_id from contact_alias where lane = ? and workspace_id = ? and reference = ? for update'
  const look = async () => (await em.execute<{ contact_id: string }[]>(sql, key))[0]
  let before = await look()
  if (before?.contact_id === contactId) return
  const write =
    'insert into contact_alias (lane, workspace_id, reference, contact_id) values (?, ?, ?, ?) on conflict (lane, workspace_id, reference)'
  if (before === undefined) {
    const made = await em.execute<unknown[]>(`${write} do nothing returning 1`, [...key, contactId])
    if (made.length > 0) return
    // Somebody was faster by a moment, and has committed: they are the one who had it before.
    before = await look()
  }
  await em.execute(`${write} do update set contact_id = excluded.contact_id`, [...key, contactId])
  const [channel = '', blind = ''] = reference.split(':')
  if (before === undefined || before.contact_id === contactId || !OF_DEVICES.includes(channel as Channel)) return
  await em.execute(
    `update channel_identity set status = 'UNREGISTERED' where lane = ? and contact_id = ? and channel = ? and blind_index = ? and status = 'ACTIVE'`,
    [laneOf(before.contact_id), before.contact_id, channel, blind],
  )
}

/** The row of the old address gets the new one, so that messages on their way go there; where the new one has a row, the old one goes. Whether anything did. */
async function renew(
  em: EntityManager,
  services: Services,
  caller: Caller,
  row: ContactRow,
  { id, channel, blind, sealed, known }: { id: string; channel: Channel; blind: string; sealed: Buffer; known: boolean },
): Promise<boolean> {
  const old = isLanedId(id, services.lanes) ? await em.findOne(ChannelIdentityTable, { lane: laneOf(id), id }) : null
  // Gone already: this has been asked before.
  if (old === null || old.blindIndex === blind) return false
  if (old.channel !== channel || ![row.id, ...row.linked].includes(old.contactId))
    throw new ThroughlineError('NOT_FOUND', 'There is no such address of this contact and channel.', { path: ['replaces'] })
  await forgetAlias(em, services, caller, old)
  if (known || old.contactId !== row.id) await em.execute('delete from channel_identity where lane = ? and id = ?', [old.lane, id])
  else await em.execute('update channel_identity set address = ?, blind_index = ? where lane = ? and id = ?', [sealed, blind, old.lane, id])
  return true
}

async function forgetAlias(em: EntityManager, services: Services, caller: Caller, identity: ChannelIdentityRow): Promise<void> {
  const reference = `${identity.channel}:${identity.blindIndex}` as const
  await em.execute('delete from contact_alias where lane = ? and workspace_id = ? and reference = ? and contact_id = ?', [
    laneOfReference(caller.workspaceId, reference, services.lanes),
    caller.workspaceId,
    reference,
    identity.contactId,
  ])
}

/** Forgets an address for good. */
export async function removeIdentity(services: Services, caller: Caller, id: string): Promise<string> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const identity = await em.findOne(ChannelIdentityTable, { lane: laneOf(id), id })
    if (identity === null) throw new ThroughlineError('NOT_FOUND', 'There is no such identity.', { path: ['id'] })
    const row = await lockContact(em, services, caller, { id: identity.contactId })
    if (caller.contactId !== undefined && !OF_DEVICES.includes(identity.channel)) throw new ThroughlineError('FORBIDDEN', DEVICES_ONLY)
    await forgetAlias(em, services, caller, identity)
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
        ...(caller.contactId === undefined ? {} : { channel: { $in: [...OF_DEVICES] } }),
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

/** Addresses by id; what is not there, or was removed, is missing. */
export async function identitiesByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, Identity>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(ChannelIdentityTable, { lane: { $in: [...new Set(ids.map(laneOf))] }, id: { $in: [...ids] } }, { fields: ['contactId'] }),
  )
  const all = await identitiesOf(services, caller, [...new Set(rows.map((row) => row.contactId))])
  return new Map([...all.values()].flat().map((each) => [each.id, each]))
}

/** One address; null where there is none of this id. */
export async function getIdentity(services: Services, caller: Caller, id: string): Promise<Identity | null> {
  return (await identitiesByIds(services, caller, [id])).get(id) ?? null
}
