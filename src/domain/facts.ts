import type { Channel, ConsentState, IdentityStatus } from './channel.ts'
import type { Json, JsonObject } from './json.ts'

/** An event as the domain sees it. Times are Unix milliseconds; `occurredAt` is the sender's word, `receivedAt` the database's. */
export interface EventFact {
  id: string
  name: string
  properties: JsonObject
  occurredAt: number
  receivedAt: number
}

export interface IdentityFact {
  id: string
  channel: Channel
  status: IdentityStatus
  /** push only: `android`, `ios`… */
  platform: string | null
  /** Unix milliseconds; the most recent device is chosen. */
  lastSeenAt: number
}

/** `channel` and `topic` null: for all of them. */
export interface ConsentFact {
  channel: Channel | null
  topic: string | null
  state: ConsentState
}

export interface ContactFacts {
  id: string
  externalId: string | null
  attributes: JsonObject
  tags: readonly string[]
  locale: string | null
  /** IANA; the workspace's where the contact has none. */
  timeZone: string
  createdAt: number
  suppressed: boolean
  erased: boolean
}

/**
 * Everything a decision about one contact may look at, loaded before the first step of a tick.
 * A merged contact's facts are its group's: the known contact's attributes, everybody's identities, consents and history.
 */
export interface Facts {
  contact: ContactFacts
  identities: readonly IdentityFact[]
  consents: readonly ConsentFact[]
  /** Oldest first; holds at least the names and the window the graph's `history` asked for. */
  history: readonly EventFact[]
  /** Keys of messages planned recently, newest last, for de-duplication. */
  dedupe: readonly { key: string; at: number }[]
  /** Whether the journey is paused: timers and sends freeze, exits and goals run. */
  paused: boolean
}

/** Variables a node or the trigger put on an enrollment. */
export type Variables = Record<string, Json>
