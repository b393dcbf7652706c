import type { Channel } from '../domain/channel.ts'
import { laneOf } from '../domain/ids.ts'
import type { Client } from '../store/ask.ts'
import type { ClaimedItem } from '../store/queries/claim.ts'
import { findLastSent, loadMessages, type MessageRow } from '../store/queries/messages.ts'
import { type Case, halvesOf } from './case.ts'
import type { InboxBody } from './inbox.ts'
import { loadRunning, running } from './load-running.ts'

const ABOUT_MESSAGES = new Set(['result', 'callback', 'held', 'reply'])

/** The messages that are due, and those that what happened names: what became of them, or what a person chose to answer. */
export function namedMessages(items: readonly ClaimedItem[], due: readonly { id: string }[]): string[] {
  const ids = new Set(due.map(({ id }) => id))
  for (const item of items) {
    const { kind, data } = item as InboxBody
    if (ABOUT_MESSAGES.has(kind)) ids.add((data as { messageId: string }).messageId)
    if (kind === 'inbound' && data.inReplyTo !== undefined) ids.add(data.inReplyTo)
  }
  return [...ids]
}

/** Once a tick: what is locked by one statement is locked in order, and no two ticks wait for each other. */
export async function lockMessages(client: Client, ids: readonly string[]): Promise<MessageRow[]> {
  if (ids.length === 0) return []
  return loadMessages(
    client,
    ids.map((id) => ({ lane: laneOf(id), id })),
  )
}

/**
 * Gives each case its messages, by contact. Where somebody wrote, which ones these are is known only now, `locked` is null, and the
 * enrollments that sent them come along.
 */
export async function loadLedger(
  client: Client,
  cases: ReadonlyMap<string, Case>,
  named: readonly string[],
  locked: readonly MessageRow[] | null,
): Promise<void> {
  const rows = locked ?? (await lockMessages(client, [...new Set([...named, ...(await findAnswered(client, cases))])]))
  if (locked === null) for (const row of await loadRunning(client, [], rows)) cases.get(row.contact_id)?.enrollments.set(row.id, running(row))
  /** Who chose to answer a message that may be another half's. */
  const chosen = new Map<string, Case>()
  for (const one of cases.values())
    for (const { kind, data } of one.items)
      if (kind === 'inbound' && data.inReplyTo !== undefined && one.linked.length > 0) chosen.set(data.inReplyTo, one)
  for (const row of rows) {
    cases.get(row.contact_id)?.messages.push(row)
    const other = chosen.get(row.id)
    if (other?.linked.includes(row.contact_id)) other.messages.push(row)
  }
}

/** What replies most likely answer, whether they name a message or not. */
async function findAnswered(client: Client, cases: ReadonlyMap<string, Case>): Promise<string[]> {
  const replies: { lane: number; contactId: string; channel: Channel; one: Case }[] = []
  for (const one of cases.values()) {
    const channels = new Set<Channel>()
    for (const { kind, data } of one.items) if (kind === 'inbound') channels.add(data.channel)
    for (const channel of channels) for (const contactId of halvesOf(one)) replies.push({ lane: laneOf(contactId), contactId, channel, one })
  }
  if (replies.length === 0) return []
  const last = await findLastSent(client, replies)
  const asked = new Map(replies.map((each) => [`${each.contactId} ${each.channel}`, each.one]))
  // The last one sent to any half comes first.
  for (const { id, contact_id, channel } of last.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)))
    asked.get(`${contact_id} ${channel}`)?.lastSent.push({ channel, messageId: id, contactId: contact_id })
  return last.map(({ id }) => id)
}
