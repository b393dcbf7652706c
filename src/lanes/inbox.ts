import type { Channel, Purpose } from '../domain/channel.ts'
import type { SendOutcome } from '../domain/delivery.ts'
import type { DevicePolicy } from '../domain/gate.ts'
import { laneOf, laneOfReference } from '../domain/ids.ts'
import type { Answered } from '../domain/journey/node-kind.ts'
import type { JsonObject } from '../domain/json.ts'
import type { StatusReport } from '../domain/ledger.ts'
import type { Client } from '../store/ask.ts'
import { insertInbox, wakeWorkers } from '../store/queries/inbox.ts'

/** How a contact is named by who does not hold its id. Rendered as `kind:value` in alias rows and inbox. */
export type Reference = `external:${string}` | `anonymous:${string}` | `${Channel}:${string}`

/** Everything that can happen to a contact. Data is JSON; instants are Unix milliseconds. */
export type InboxBody =
  | { kind: 'event'; data: { messageId: string; name: string; properties: JsonObject; occurredAt: number | null } }
  /** An event seen by a merged contact's other half: moves its enrollments, starts none, is not stored again. */
  | { kind: 'echo'; data: { id: string; name: string; properties: JsonObject; occurredAt: number; receivedAt: number } }
  | { kind: 'contact'; data: { change: 'created' | 'changed'; fields: string[] } }
  | { kind: 'enroll'; data: { journeyId: string; node: string | null; properties: JsonObject; requestId: string } }
  | { kind: 'exit'; data: { enrollmentId: string; reason: string } }
  /** A merged contact's other half has a watch that is due: the known half judges it, after whatever it has heard before. */
  | { kind: 'watch'; data: { journeyId: string; node: string; key: string; event: unknown } }
  /** A webhook node's call came to its end. */
  | { kind: 'answer'; data: Omit<Answered, 'type'> & { enrollmentId: string } }
  /** A message of no journey. Its id was given to whoever asked for it. */
  | {
      kind: 'send'
      data: {
        messageId: string
        channel: Channel
        templateId: string
        topicId: string | null
        purpose: Purpose
        vars: JsonObject
        /** The broadcast it is part of. */
        broadcastId?: string
        /** The one seen last where left out. */
        devices?: DevicePolicy
      }
    }
  /** A sender's report of one attempt. */
  | { kind: 'result'; data: { messageId: string; attempt: number; outcome: SendOutcome; at: number; templateVersion?: number } }
  /** The second gate, at dispatch, held it back. */
  | { kind: 'held'; data: { messageId: string; reason: string } }
  /** What a provider reported of a message. */
  | { kind: 'callback'; data: StatusReport & { messageId: string } }
  /**
   * A person wrote to us. `from` is the blind index of the address; `properties` is what the channel says besides text: a
   * button's payload, a picture's address. `inReplyTo` is the message of ours that the person chose to answer, where they could.
   */
  | {
      kind: 'inbound'
      data: {
        channel: Channel
        text: string
        from?: string | undefined
        to: string
        providerMessageId: string
        at: number
        inReplyTo?: string | undefined
        properties?: JsonObject | undefined
      }
    }
  /** What a merged contact's known half heard answers a message of another half's. */
  | { kind: 'reply'; data: { messageId: string; at: number; quoted: boolean } }
  /** A person stopped or resumed promotions on the channel without writing a word. */
  | { kind: 'preference'; data: { channel: Channel; state: 'GRANTED' | 'WITHDRAWN'; at: number } }

export type InboxItem = { workspaceId: string } & ({ contactId: string } | { reference: Reference }) & InboxBody

/** The lane an item goes to: its contact's, or the one its reference hashes to. */
export function laneOfItem(item: InboxItem, lanes: number): number {
  return 'contactId' in item ? laneOf(item.contactId) : laneOfReference(item.workspaceId, item.reference, lanes)
}

/** Puts items in their lanes' inboxes in the caller's transaction; the workers are woken when it commits. */
export async function deliver(client: Client, items: readonly InboxItem[], lanes: number): Promise<void> {
  if (items.length > 0) await insertInbox(client, rowsOf(items, lanes))
}

/** The same in a transaction of its own, for who does it often: the workers are woken right after that, by another. */
export async function deliverAlone(pool: Client, items: readonly InboxItem[], lanes: number): Promise<void> {
  const rows = rowsOf(items, lanes)
  await insertInbox(pool, rows, false)
  // They look by themselves, too.
  await wakeWorkers(pool, rows).catch(() => {})
}

const rowsOf = (items: readonly InboxItem[], lanes: number) =>
  items.map((item) => ({
    lane: laneOfItem(item, lanes),
    workspaceId: item.workspaceId,
    kind: item.kind,
    contactId: 'contactId' in item ? item.contactId : null,
    reference: 'reference' in item ? item.reference : null,
    data: item.data,
  }))
