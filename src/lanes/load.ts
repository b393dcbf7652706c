import type { Channel, ConsentState, IdentityStatus } from '../domain/channel.ts'
import type { Facts } from '../domain/facts.ts'
import { derivedId, laneOf } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Client } from '../store/ask.ts'
import type { ClaimedItem, EnrollmentRow, WatchRow } from '../store/queries/claim.ts'
import { type ContactRow, createContacts, type Key, loadContacts, resolveAliases } from '../store/queries/facts.ts'
import { together } from '../store/sql.ts'
import type { Case, Item } from './case.ts'
import type { InboxBody, InboxItem } from './inbox.ts'
import type { Configuration, JourneyBook } from './journeys.ts'
import { loadEntry } from './load-entry.ts'
import { loadLedger, lockMessages, namedMessages } from './load-ledger.ts'
import { loadPast } from './load-past.ts'
import { loadRunning, running } from './load-running.ts'
import { loadWriters } from './load-writers.ts'

export interface Claim {
  items: readonly ClaimedItem[]
  dueEnrollments: readonly EnrollmentRow[]
  dueWatches: readonly WatchRow[]
  dueMessages: readonly { lane: number; id: string; contact_id: string; workspace_id: string }[]
}

export interface Loaded {
  cases: Case[]
  /** What belongs in another lane, or under the contact this one was merged into. */
  forwards: InboxItem[]
  /** Named a contact that does not exist. */
  lost: number
}

/** What happens to a merged contact happens to its known half. */
const HEARD_BY_KNOWN = new Set(['event', 'enroll', 'inbound', 'preference'])

/** Turns what was claimed into cases: references resolved, contacts made where unknown, facts read, all set at a time and as much at once as can be. */
export async function load(client: Client, claim: Claim, configuration: Configuration, book: JourneyBook, now: number): Promise<Loaded> {
  const forwards: InboxItem[] = []
  const named = namedMessages(claim.items, claim.dueMessages)
  const replied = claim.items.some(({ kind }) => kind === 'inbound')
  const [home, messages] = await together([
    resolve(client, claim.items, now, forwards),
    replied ? Promise.resolve(null) : lockMessages(client, named),
  ])
  const keys = new Map<string, Key>()
  const want = (id: string) => void keys.set(id, { lane: laneOf(id), id })
  for (const { contactId } of home) want(contactId)
  for (const due of [...claim.dueEnrollments, ...claim.dueWatches, ...claim.dueMessages]) want(due.contact_id)
  const [people, enrollments] = await together([loadContacts(client, [...keys.values()]), loadRunning(client, home, messages ?? [])])
  const contacts = new Map(people.map((row) => [row.id, row]))
  await loadGroups(client, contacts)

  const cases = new Map<string, Case>()
  const caseOf = (contactId: string): Case | undefined => {
    const known = cases.get(contactId)
    const row = contacts.get(contactId)
    if (known !== undefined || row === undefined) return known
    const made = openCase(row, contacts, configuration)
    cases.set(contactId, made)
    return made
  }
  let lost = 0
  for (const { contactId, item } of home) {
    const row = contacts.get(contactId)
    if (row === undefined || row.workspace_id !== item.workspaceId) {
      lost++
      continue
    }
    if (row.merged_into !== null && HEARD_BY_KNOWN.has(item.kind)) {
      forwards.push({ ...item, contactId: row.merged_into } as InboxItem)
      continue
    }
    caseOf(contactId)?.items.push(item)
  }
  for (const row of claim.dueEnrollments) caseOf(row.contact_id)?.dueEnrollments.push(row.id)
  for (const row of claim.dueWatches) caseOf(row.contact_id)?.dueWatches.push(row)
  for (const row of claim.dueMessages) caseOf(row.contact_id)?.dueMessages.push(row.id)
  // Whoever has been forwarded to another half has no case.
  for (const row of [...claim.dueEnrollments, ...enrollments]) cases.get(row.contact_id)?.enrollments.set(row.id, running(row))
  const all = [...cases.values()]
  await loadLedger(client, cases, named, messages)
  await loadWriters(client, all, configuration)
  const wanted = new Set<string>()
  for (const one of all) for (const { state } of one.enrollments.values()) wanted.add(state.versionId)
  const versions = await book.versions(client, [...wanted])
  await together([loadEntry(client, all, configuration), loadPast(client, all, configuration, versions, now)])
  return { cases: all, forwards, lost }
}

/** Gives every item its contact; those whose contact lives in another lane are forwarded, which keeps their order per reference. */
async function resolve(
  client: Client,
  claimed: readonly ClaimedItem[],
  now: number,
  forwards: InboxItem[],
): Promise<{ contactId: string; item: Item }[]> {
  const unresolved = new Map<string, { lane: number; workspaceId: string; reference: string; creates: boolean }>()
  for (const row of claimed) {
    if (row.contact_id !== null || row.reference === null) continue
    const id = `${row.workspace_id} ${row.reference}`
    const creates = row.kind !== 'inbound' && row.kind !== 'preference'
    const known = unresolved.get(id)
    if (known) known.creates ||= creates
    else unresolved.set(id, { lane: row.lane, workspaceId: row.workspace_id, reference: row.reference, creates })
  }
  const contacts = new Map<string, string>()
  const created = new Set<string>()
  if (unresolved.size > 0) {
    const wanted = [...unresolved.entries()]
    const found = await resolveAliases(
      client,
      wanted.map(([, each]) => each),
    )
    const missing: (Parameters<typeof createContacts>[1][number] & { id: string })[] = []
    wanted.forEach(([id, each], index) => {
      const contactId = found[index]
      if (contactId !== undefined) contacts.set(id, contactId)
      else if (each.creates) {
        const externalId = each.reference.startsWith('external:') ? each.reference.slice('external:'.length) : null
        missing.push({ ...each, id, contactId: derivedId(now, each.lane, each.workspaceId, each.reference), externalId })
      }
    })
    if (missing.length > 0) {
      const made = await createContacts(client, missing)
      const raced = missing.filter((each) => !made.has(each.contactId))
      for (const each of missing) contacts.set(each.id, each.contactId)
      for (const each of missing) if (made.has(each.contactId)) created.add(each.contactId)
      if (raced.length > 0) {
        const winners = await resolveAliases(client, raced)
        for (const [index, each] of raced.entries()) contacts.set(each.id, winners[index] ?? each.contactId)
      }
    }
  }
  const home: { contactId: string; item: Item }[] = []
  const announced = new Set<string>()
  for (const row of claimed) {
    const contactId = row.contact_id ?? contacts.get(`${row.workspace_id} ${row.reference}`)
    if (contactId === undefined) continue
    const body = { kind: row.kind, data: row.data } as InboxBody
    if (laneOf(contactId) !== row.lane) {
      forwards.push({ ...body, workspaceId: row.workspace_id, contactId } as InboxItem)
      continue
    }
    const item = { ...body, seq: row.seq, workspaceId: row.workspace_id, reference: row.reference, receivedAt: Math.floor(row.received_at) } as Item
    if (created.has(contactId) && !announced.has(contactId)) {
      announced.add(contactId)
      home.push({ contactId, item: { ...item, kind: 'contact', data: { change: 'created', fields: [] } } as Item })
    }
    home.push({ contactId, item })
  }
  return home
}

/** A merged contact decides with its whole group's facts, wherever their lanes. */
async function loadGroups(client: Client, contacts: Map<string, ContactRow>): Promise<void> {
  const more = new Map<string, Key>()
  for (const row of contacts.values()) {
    if (row.merged_into !== null && !contacts.has(row.merged_into)) more.set(row.merged_into, { lane: laneOf(row.merged_into), id: row.merged_into })
    for (const id of row.linked) if (!contacts.has(id)) more.set(id, { lane: laneOf(id), id })
  }
  if (more.size === 0) return
  const read = await loadContacts(client, [...more.values()])
  for (const row of read) contacts.set(row.id, row)
  // One who was merged leads to the known half, and that to the others.
  if (read.some((row) => row.linked.some((id) => !contacts.has(id)))) await loadGroups(client, contacts)
}

function openCase(row: ContactRow, contacts: ReadonlyMap<string, ContactRow>, configuration: Configuration): Case {
  const known = row.merged_into === null ? row : (contacts.get(row.merged_into) ?? row)
  const group = groupOf(known, row, contacts)
  const facts: Facts = {
    contact: {
      id: known.id,
      externalId: known.external_id,
      attributes: known.attributes as JsonObject,
      tags: known.tags,
      locale: known.locale,
      timeZone: known.time_zone ?? configuration.timeZones.get(row.workspace_id) ?? 'UTC',
      createdAt: known.created_at,
      suppressed: group.some((each) => each.suppressed),
      erased: known.erased,
    },
    identities: group.flatMap((each) =>
      each.identities.map(([id, channel, status, platform, lastSeenAt]) => ({
        id,
        channel: channel as Channel,
        status: status as IdentityStatus,
        platform,
        lastSeenAt,
      })),
    ),
    consents: group.flatMap((each) =>
      each.consents.map(([channel, topic, state]) => ({
        channel: (channel || null) as Channel | null,
        topic: topic || null,
        state: state as ConsentState,
      })),
    ),
    history: [],
    dedupe: [],
    paused: false,
  }
  return {
    lane: row.lane,
    workspaceId: row.workspace_id,
    contactId: row.id,
    facts,
    linked: group.flatMap(({ id }) => (id === row.id ? [] : [id])),
    items: [],
    dueEnrollments: [],
    dueWatches: [],
    dueMessages: [],
    enrollments: new Map(),
    messages: [],
    lastSent: [],
    writers: [],
    slots: [],
    watches: [],
  }
}

/** Most people are one contact. */
function groupOf(known: ContactRow, row: ContactRow, contacts: ReadonlyMap<string, ContactRow>): ContactRow[] {
  if (known === row && row.linked.length === 0) return [row]
  return [known, row, ...known.linked.map((id) => contacts.get(id))].filter(
    (each, index, list): each is ContactRow => each !== undefined && list.indexOf(each) === index,
  )
}
