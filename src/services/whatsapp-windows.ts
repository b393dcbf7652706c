import type { ProviderCallback } from '../domain/delivery.ts'
import { laneOf, laneOfReference } from '../domain/ids.ts'
import { deliver, type InboxItem } from '../lanes/inbox.ts'
import type { Client } from '../store/ask.ts'
import { newLanedId } from '../store/new-id.ts'
import { createContacts, resolveAliases } from '../store/queries/facts.ts'
import { identitiesOfWriters, openWindows } from '../store/queries/whatsapp.ts'
import type { WorkspaceKeys } from '../store/vault.ts'
import { normaliseAddress } from './address.ts'

/** How long free words reach who has written: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages. */
const WINDOW = 24 * 3_600_000

/**
 * What a WhatsApp message means before anybody decides anything: its sender is a contact, who may be answered for a
 * day. Somebody nobody knew becomes one, since they came of their own accord, and their message may start a journey.
 * In the transaction that gives the message to the ring, so that the window is open when its journey answers.
 */
export async function receiveWriters(
  client: Client,
  connection: { id: string; workspaceId: string },
  callbacks: readonly ProviderCallback[],
  keys: WorkspaceKeys,
  lanes: number,
): Promise<void> {
  const { workspaceId } = connection
  const writers = writersOf(callbacks, keys).map((each) => {
    const reference = `whatsapp:${each.blind}` as const
    return { ...each, workspaceId, reference, lane: laneOfReference(workspaceId, reference, lanes) }
  })
  if (writers.length === 0) return
  const contacts = await resolveAliases(client, writers)
  const unknown = writers.flatMap((each, n) =>
    contacts[n] === undefined ? [{ ...each, n, contactId: newLanedId(each.lane), externalId: null }] : [],
  )
  if (unknown.length > 0) {
    const made = await createContacts(client, unknown)
    // Of two webhooks at once one has made them; the other finds hers.
    const found = await resolveAliases(client, unknown)
    for (const [index, each] of unknown.entries()) contacts[each.n] = found[index]
    const items = unknown.flatMap(({ contactId }): InboxItem[] =>
      made.has(contactId) ? [{ kind: 'contact', data: { change: 'created', fields: ['$whatsapp'] }, workspaceId, contactId }] : [],
    )
    await deliver(client, items, lanes)
  }
  const rows = writers.flatMap(({ blind, address }, n) => {
    const contactId = contacts[n]
    if (contactId === undefined) return []
    const lane = laneOf(contactId)
    return [{ lane, id: newLanedId(lane), workspaceId, contactId, blind, address: keys.seal(address) }]
  })
  const identities = await identitiesOfWriters(client, rows)
  const until = new Map(writers.map((each) => [each.blind, each.at + WINDOW]))
  await openWindows(
    client,
    connection,
    identities.map(({ id, lane, contact_id: contactId, blind }) => ({ id, lane, contactId, until: until.get(blind) ?? 0 })),
  )
}

/** Each number once, with the last it wrote. A reaction is no message, and whether it counts as one Meta does not say. */
function writersOf(callbacks: readonly ProviderCallback[], keys: WorkspaceKeys): { blind: string; address: string; at: number }[] {
  const writers = new Map<string, { blind: string; address: string; at: number }>()
  for (const each of callbacks) {
    if (each.type !== 'inbound' || each.channel !== 'whatsapp' || each.properties?.kind === 'reaction') continue
    const address = normaliseAddress('whatsapp', each.from)
    if (address === null) continue
    const blind = keys.blindIndex('whatsapp', address)
    const at = Math.min(each.at, Date.now())
    writers.set(blind, { blind, address, at: Math.max(at, writers.get(blind)?.at ?? 0) })
  }
  return [...writers.values()].sort((a, b) => (a.blind < b.blind ? -1 : 1))
}
