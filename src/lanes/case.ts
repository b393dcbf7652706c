import type { Facts } from '../domain/facts.ts'
import type { EnrollmentState } from '../domain/journey/enrollment.ts'
import type { WatchRow } from '../store/queries/claim.ts'
import type { SlotRow } from '../store/queries/facts.ts'
import type { MessageRow } from '../store/queries/messages.ts'
import type { InboxBody } from './inbox.ts'

/** One inbox row, as the fold sees it. */
export type Item = InboxBody & { seq: number; workspaceId: string; reference: string | null; receivedAt: number }

export interface Running {
  workspaceId: string
  state: EnrollmentState
}

/**
 * One contact and all that this tick has to do with it, its facts loaded. Lists and not maps, because there are
 * thousands of cases in a tick and one or two of anything in a case.
 */
export interface Case {
  lane: number
  workspaceId: string
  contactId: string
  facts: Facts
  /** Other halves of a merged contact, which hear its events too. */
  linked: readonly string[]
  items: Item[]
  dueEnrollments: string[]
  dueWatches: WatchRow[]
  dueMessages: string[]
  enrollments: Map<string, Running>
  messages: MessageRow[]
  /** What a reply on the channel most likely answers. */
  lastSent: { channel: string; messageId: string }[]
  /** Identities that wrote, by the blind index of their address. */
  writers: Map<string, string>
  /** At most one of a journey and key. */
  slots: SlotRow[]
  watches: { journeyId: string; node: string; key: string; dueAt: number }[]
}

export function slotOf(one: Case, journeyId: string, key: string): SlotRow | undefined {
  return one.slots.find((slot) => slot.journey_id === journeyId && slot.key === key)
}

export function setSlot(one: Case, slot: SlotRow): void {
  const known = one.slots.findIndex((each) => each.journey_id === slot.journey_id && each.key === slot.key)
  if (known < 0) one.slots.push(slot)
  else one.slots[known] = slot
}
