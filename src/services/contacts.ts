import type { EntityManager } from '@mikro-orm/postgresql'
import { laneOf, laneOfReference } from '../domain/ids.ts'
import { canonicalJson, isStorable, isStorableJson, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import { isTimeZone } from '../domain/zone.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver, type InboxItem, type Reference } from '../lanes/inbox.ts'
import { type ContactRow, ContactTable } from '../store/entities/contact.ts'
import { ContactAliasTable } from '../store/entities/contact-alias.ts'
import { newLanedId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { clientOf } from './transaction.ts'

/** Names one contact; exactly one member. */
export interface ContactReference {
  id?: string | null | undefined
  externalId?: string | null | undefined
  anonymousId?: string | null | undefined
}

export interface UpsertContact {
  contact: ContactReference
  attributes?: JsonObject | null | undefined
  /** Removes attributes that are not given, instead of leaving them. */
  replaceAttributes?: boolean | null | undefined
  tags?: readonly string[] | null | undefined
  locale?: string | null | undefined
  timeZone?: string | null | undefined
  idempotencyKey?: string | null | undefined
}

/** Characters of JSON. */
const MOST_ATTRIBUTES = 65_536

export function referenceOf(contact: ContactReference): Reference | null {
  if (Number(contact.id != null) + Number(contact.externalId != null) + Number(contact.anonymousId != null) !== 1) {
    throw new ThroughlineError('INVALID_INPUT', 'must have exactly one of id, externalId and anonymousId', { path: ['contact'] })
  }
  if (contact.id != null) return null
  const [kind, value] = contact.externalId != null ? (['external', contact.externalId] as const) : (['anonymous', contact.anonymousId ?? ''] as const)
  if (value.length === 0 || value.length > 256 || !isStorable(value))
    throw new ThroughlineError('INVALID_INPUT', 'must have 1 to 256 characters', { path: ['contact', `${kind}Id`] })
  return `${kind}:${value}`
}

/**
 * The contact of a reference, merges followed; null where there is none. Every reading and changing of a contact begins
 * here, so this is where a contact's own token meets its limit: FORBIDDEN for anybody else, whether or not they are there.
 */
export async function findContact(em: EntityManager, services: Services, caller: Caller, contact: ContactReference): Promise<ContactRow | null> {
  const found = await follow(em, services, caller, contact)
  if (caller.contactId === undefined) return found
  const own = await follow(em, services, caller, { id: caller.contactId })
  if (found === null || found.id !== own?.id) throw new ThroughlineError('FORBIDDEN', 'A contact’s token is for that contact alone.')
  return found
}

async function follow(em: EntityManager, services: Services, caller: Caller, contact: ContactReference): Promise<ContactRow | null> {
  const reference = referenceOf(contact)
  const id = reference === null ? (contact.id ?? '') : await aliasOf(em, services, caller, reference)
  const row = id === null ? null : await em.findOne(ContactTable, { lane: laneOf(id), id })
  return row?.mergedInto == null ? row : em.findOne(ContactTable, { lane: laneOf(row.mergedInto), id: row.mergedInto })
}

async function aliasOf(em: EntityManager, services: Services, caller: Caller, reference: Reference): Promise<string | null> {
  const lane = laneOfReference(caller.workspaceId, reference, services.lanes)
  return (await em.findOne(ContactAliasTable, { lane, workspaceId: caller.workspaceId, reference }))?.contactId ?? null
}

/** Tells the ring that a contact changed, and everybody it was merged with. */
export async function announce(
  em: EntityManager,
  services: Services,
  caller: Caller,
  row: { id: string; linked: string[] },
  change: 'created' | 'changed',
  fields: string[],
): Promise<void> {
  const items = [row.id, ...row.linked].map(
    (contactId): InboxItem => ({ kind: 'contact', data: { change, fields }, workspaceId: caller.workspaceId, contactId }),
  )
  await deliver(clientOf(em), items, services.lanes)
}

/** Locks a contact for a change that dispatch must not overtake. Throws NOT_FOUND. */
export async function lockContact(em: EntityManager, services: Services, caller: Caller, contact: ContactReference): Promise<ContactRow> {
  const found = await findContact(em, services, caller, contact)
  if (found === null || found.erasedAt !== null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contact'] })
  await em.execute('select 1 from contact where lane = ? and id = ? for update', [found.lane, found.id])
  return em.findOneOrFail(ContactTable, { lane: found.lane, id: found.id }, { refresh: true })
}

/** The contact of a reference, made if it is not there yet; whoever comes second finds the first's. */
export async function findOrCreateContact(
  em: EntityManager,
  services: Services,
  caller: Caller,
  contact: ContactReference,
): Promise<{ row: ContactRow; created: boolean }> {
  const found = await findContact(em, services, caller, contact)
  if (found !== null) return { row: await lockContact(em, services, caller, { id: found.id }), created: false }
  const reference = referenceOf(contact)
  if (reference === null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contact', 'id'] })
  const lane = laneOfReference(caller.workspaceId, reference, services.lanes)
  const id = newLanedId(lane)
  const mine = await em.execute<unknown[]>(
    'insert into contact_alias (lane, workspace_id, reference, contact_id) values (?, ?, ?, ?) on conflict (lane, workspace_id, reference) do nothing returning 1',
    [lane, caller.workspaceId, reference, id],
  )
  if (mine.length === 0) return findOrCreateContact(em, services, caller, contact)
  await em.execute('insert into contact (lane, id, workspace_id, external_id) values (?, ?, ?, ?)', [
    lane,
    id,
    caller.workspaceId,
    contact.externalId ?? null,
  ])
  return { row: await em.findOneOrFail(ContactTable, { lane, id }), created: true }
}

/** Creates or changes a contact; answers its id. */
export async function upsertContact(services: Services, caller: Caller, input: UpsertContact): Promise<string> {
  if (input.timeZone != null && !isTimeZone(input.timeZone))
    throw new ThroughlineError('INVALID_INPUT', 'is not an IANA time zone', { path: ['timeZone'] })
  if (input.locale != null && !isLocale(input.locale))
    throw new ThroughlineError('INVALID_INPUT', 'is not a BCP 47 language tag', { path: ['locale'] })
  if (input.attributes != null && JSON.stringify(input.attributes).length > MOST_ATTRIBUTES)
    throw new ThroughlineError('INVALID_INPUT', `must not be larger than ${MOST_ATTRIBUTES.toLocaleString('en')} characters`, {
      path: ['attributes'],
    })
  if (input.attributes != null && !isStorableJson(input.attributes)) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path: ['attributes'] })
  if (input.tags != null && !input.tags.every((tag) => tag.length > 0 && tag.length <= 100 && isStorable(tag)))
    throw new ThroughlineError('INVALID_INPUT', 'must each have 1 to 100 characters', { path: ['tags'] })
  return once(services, caller, 'upsertContact', input.idempotencyKey, input, async (em) => {
    const { row, created } = await findOrCreateContact(em, services, caller, input.contact)
    const fields = change(row, input)
    if (JSON.stringify(row.attributes).length > MOST_ATTRIBUTES)
      throw new ThroughlineError('INVALID_INPUT', `must not grow beyond ${MOST_ATTRIBUTES.toLocaleString('en')} characters`, { path: ['attributes'] })
    if (fields.length > 0) row.updatedAt = new Date()
    await em.flush()
    if (created || fields.length > 0) await announce(em, services, caller, row, created ? 'created' : 'changed', fields)
    return row.id
  })
}

/** Changes the row, and answers what is different now: whoever sends all they know every night starts no journey by it. */
function change(row: ContactRow, input: UpsertContact): string[] {
  const before = row.attributes
  const fields: string[] = []
  if (input.attributes != null) {
    const after = input.replaceAttributes ? input.attributes : { ...before, ...input.attributes }
    const differs = (key: string) =>
      Object.hasOwn(before, key) !== Object.hasOwn(after, key) || canonicalJson(before[key]) !== canonicalJson(after[key])
    fields.push(...new Set([...Object.keys(after), ...Object.keys(before)].filter(differs)))
    row.attributes = after
  }
  if (input.tags != null) {
    const tags = [...new Set(input.tags)].sort()
    if (canonicalJson(tags) !== canonicalJson(row.tags)) fields.push('tags')
    row.tags = tags
  }
  for (const field of ['locale', 'timeZone'] as const) {
    const value = input[field]
    if (value === undefined) continue
    if (value !== (row[field] ?? null)) fields.push(`$${field}`)
    row[field] = value
  }
  return fields
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

/**
 * Joins an anonymous contact to a known one. Where the external id is new, it becomes another name of the
 * anonymous contact; where both exist, the anonymous one is merged into the known one: its history and running
 * journeys stay where they are and go on under the known contact's facts. Answers the known contact's id.
 */
export async function identifyContact(
  services: Services,
  caller: Caller,
  input: { anonymousId: string; externalId: string; idempotencyKey?: string | null | undefined },
): Promise<string> {
  return once(services, caller, 'identifyContact', input.idempotencyKey, input, async (em) => {
    const anonymous = await findOrCreateContact(em, services, caller, { anonymousId: input.anonymousId })
    const reference = referenceOf({ externalId: input.externalId }) as Reference
    const lane = laneOfReference(caller.workspaceId, reference, services.lanes)
    const added =
      anonymous.row.externalId !== null
        ? []
        : await em.execute<unknown[]>(
            'insert into contact_alias (lane, workspace_id, reference, contact_id) values (?, ?, ?, ?) on conflict (lane, workspace_id, reference) do nothing returning 1',
            [lane, caller.workspaceId, reference, anonymous.row.id],
          )
    if (added.length > 0) {
      anonymous.row.externalId = input.externalId
      await em.flush()
      await announce(em, services, caller, anonymous.row, anonymous.created ? 'created' : 'changed', ['$externalId'])
      return anonymous.row.id
    }
    const known = await findOrCreateContact(em, services, caller, { externalId: input.externalId })
    if (known.row.id === anonymous.row.id) return known.row.id
    if (anonymous.row.externalId !== null)
      throw new ThroughlineError('CONFLICT', 'This anonymous id belongs to another known contact.', { path: ['anonymousId'] })
    // Attributes only the anonymous half has are worth keeping; where both have one, the known half knows better.
    known.row.attributes = { ...anonymous.row.attributes, ...known.row.attributes }
    known.row.tags = [...new Set([...known.row.tags, ...anonymous.row.tags])].sort()
    known.row.linked = [...new Set([...known.row.linked, anonymous.row.id, ...anonymous.row.linked])]
    anonymous.row.mergedInto = known.row.id
    await em.flush()
    await announce(em, services, caller, known.row, 'changed', ['$merged'])
    return known.row.id
  })
}

export async function getContact(services: Services, caller: Caller, contact: ContactReference): Promise<ContactRow | null> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => findContact(em, services, caller, contact))
}

/** Newest first. */
export async function listContacts(services: Services, caller: Caller, input: Slice): Promise<ContactRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(ContactTable, { workspaceId: caller.workspaceId, mergedInto: null, ...idsWithin(input) }, orderOf(input)),
  )
}

/** Contacts by id, merges followed; who is not there is missing. */
export async function contactsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, ContactRow>> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const read = async (wanted: readonly string[]) =>
      new Map(
        (await em.find(ContactTable, { lane: { $in: [...new Set(wanted.map(laneOf))] }, id: { $in: [...wanted] } })).map((row) => [row.id, row]),
      )
    const found = await read(ids)
    const merged = [...found.values()].flatMap((row) => (row.mergedInto == null ? [] : [row.mergedInto]))
    const known = merged.length === 0 ? new Map<string, ContactRow>() : await read(merged)
    for (const [id, row] of found) if (row.mergedInto != null) found.set(id, known.get(row.mergedInto) ?? row)
    return found
  })
}
