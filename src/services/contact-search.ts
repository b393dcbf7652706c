import type { EntityManager } from '@mikro-orm/postgresql'
import type { Channel } from '../domain/channel.ts'
import type { Condition } from '../domain/condition/condition.ts'
import { audienceConditionShape } from '../domain/condition/validate.ts'
import { laneOf, laneOfReference } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { type ContactRow, ContactTable } from '../store/entities/contact.ts'
import { ContactAliasTable } from '../store/entities/contact-alias.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { searchContacts } from '../store/queries/contact-search.ts'
import { inWorkspace } from '../store/sql.ts'
import { normaliseAddress } from './address.ts'
import type { Caller, Services } from './context.ts'
import { conform } from './input.ts'
import type { Slice } from './slice.ts'
import { clientOf } from './transaction.ts'
import { keysOf } from './workspace-keys.ts'

export interface ContactFilter {
  matching?: Condition | null | undefined
  address?: string | null | undefined
}

/** A page looks at so many contacts at most: some 20 µs each for an event condition, so a fifth of a second. */
export const MOST_LOOKS = 10_000
/** Milliseconds. What takes longer has many conditions, each with much history to count. */
const LONGEST = 3_000

const ADDRESSED: readonly Channel[] = ['email', 'sms', 'whatsapp', 'rcs']

/**
 * Contacts a filter holds for, newest first. `stoppedAt` is where looking ended because it had gone far enough: more may follow, however
 * few were found. Throws INVALID_INPUT under `filter`, LIMIT_EXCEEDED for a condition that takes too long.
 */
export async function findContacts(
  services: Services,
  caller: Caller,
  filter: ContactFilter,
  slice: Slice,
  looks = MOST_LOOKS,
): Promise<{ rows: ContactRow[]; stoppedAt: string | null }> {
  const matching = filter.matching == null ? null : conform(audienceConditionShape, filter.matching, ['filter', 'matching'])
  const among = filter.address == null ? null : await ownersOf(services, caller, filter.address)
  const { first: limit, before, since = null, oldestFirst = false } = slice
  const { ids, stoppedAt } = await inWorkspace(services.apiPool, caller.workspaceId, async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${LONGEST}`)
    return searchContacts(client, { workspaceId: caller.workspaceId, matching, among, before, since, oldestFirst, limit, looks })
  }).catch(tooLong)
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(ContactTable, { lane: { $in: [...new Set(ids.map(laneOf))] }, id: { $in: ids } }),
  )
  const found = new Map(rows.map((row) => [row.id, row]))
  return { rows: ids.flatMap((id) => found.get(id) ?? []), stoppedAt }
}

const CANCELLED = '57014'

function tooLong(error: unknown): never {
  if ((error as { code?: unknown }).code !== CANCELLED) throw error
  throw new ThroughlineError('LIMIT_EXCEEDED', 'The condition takes too long; ask for less at once.', { path: ['filter', 'matching'], cause: error })
}

/** Who registered an address last, on each channel it may be of; merges followed. */
async function ownersOf(services: Services, caller: Caller, address: string): Promise<{ lane: number; id: string }[]> {
  const spelled = ADDRESSED.flatMap((channel) => {
    const normal = normaliseAddress(channel, address)
    return normal === null ? [] : [{ channel, normal }]
  })
  if (spelled.length === 0)
    throw new ThroughlineError('INVALID_INPUT', 'must be an email address or a phone number in international form (E.164)', {
      path: ['filter', 'address'],
    })
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const keys = await keysOf(services, clientOf(em), caller.workspaceId)
    const references = spelled.map(({ channel, normal }) => `${channel}:${keys.blindIndex(channel, normal)}`)
    const lanes = references.map((reference) => laneOfReference(caller.workspaceId, reference, services.lanes))
    const aliases = await em.find(ContactAliasTable, { lane: { $in: lanes }, workspaceId: caller.workspaceId, reference: { $in: references } })
    return wholesOf(
      em,
      aliases.map((alias) => alias.contactId),
    )
  })
}

async function wholesOf(em: EntityManager, ids: readonly string[]): Promise<{ lane: number; id: string }[]> {
  const rows = await em.find(ContactTable, { lane: { $in: [...new Set(ids.map(laneOf))] }, id: { $in: [...ids] } })
  const wholes = [...new Set(rows.map((row) => row.mergedInto ?? row.id))]
  return wholes.map((id) => ({ lane: laneOf(id), id }))
}
