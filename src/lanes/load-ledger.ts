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
export async function loadNamedMessages(client: Client, items: readonly ClaimedItem[], due: readonly { id: string }[]): Promise<MessageRow[]> {
  const ids = new Set(due.map(({ id }) => id))
  for (const item of items) {
    const { kind, data } = item as InboxBody
    if (ABOUT_MESSAGES.has(kind)) ids.add((data as { messageId: string }).messageId)
    if (kind === 'inbound' && data.inReplyTo !== undefined) ids.add(data.inReplyTo)
  }
  return loadKeyed(client, [...ids])
}

const loadKeyed = async (client: Client, ids: readonly string[]): Promise<MessageRow[]> =>
  ids.length === 0
    ? []
    : loadMessages(
        client,
        ids.map((id) => ({ lane: laneOf(id), id })),
      )

/** Gives each case its messages, with those that replies which name none most likely answer. `cases` by contact. */
export async function loadLedger(client: Client, cases: ReadonlyMap<string, Case>, named: readonly MessageRow[]): Promise<void> {
  const replies: { lane: number; contactId: string; channel: Channel; one: Case }[] = []
  /** Who chose to answer a message that may be another half's. */
  const chosen = new Map<string, Case>()
  for (const one of cases.values()) {
    const channels = new Set<Channel>()
    for (const { kind, data } of one.items) {
      if (kind !== 'inbound') continue
      channels.add(data.channel)
      if (data.inReplyTo !== undefined && one.linked.length > 0) chosen.set(data.inReplyTo, one)
    }
    for (const channel of channels) for (const contactId of halvesOf(one)) replies.push({ lane: laneOf(contactId), contactId, channel, one })
  }
  const answered = replies.length === 0 ? [] : await loadAnswered(client, cases, replies, named)
  for (const row of [...named, ...answered]) {
    cases.get(row.contact_id)?.messages.push(row)
    const other = chosen.get(row.id)
    if (other?.linked.includes(row.contact_id)) other.messages.push(row)
  }
}

/** What these replies most likely answer, and the enrollments that sent it. */
async function loadAnswered(
  client: Client,
  cases: ReadonlyMap<string, Case>,
  replies: readonly { lane: number; contactId: string; channel: Channel; one: Case }[],
  named: readonly MessageRow[],
): Promise<MessageRow[]> {
  const last = await findLastSent(client, replies)
  const asked = new Map(replies.map((each) => [`${each.contactId} ${each.channel}`, each.one]))
  // The last one sent to any half comes first.
  for (const { id, contact_id, channel } of last.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)))
    asked.get(`${contact_id} ${channel}`)?.lastSent.push({ channel, messageId: id, contactId: contact_id })
  const known = new Set(named.map(({ id }) => id))
  const rows = await loadKeyed(
    client,
    last.map(({ id }) => id).filter((id) => !known.has(id)),
  )
  for (const row of await loadRunning(client, [], rows)) cases.get(row.contact_id)?.enrollments.set(row.id, running(row))
  return rows
}
