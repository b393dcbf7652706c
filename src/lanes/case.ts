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
  /** Its timer fell due during a pause and is kept aside: when it runs is for the resumption to say. */
  frozen: boolean
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
  /** The other halves of a merged contact: its known half hears its events, and these are told of them. */
  linked: readonly string[]
  items: Item[]
  dueEnrollments: string[]
  dueWatches: WatchRow[]
  dueMessages: string[]
  enrollments: Map<string, Running>
  /** Those of other halves are only looked at. */
  messages: MessageRow[]
  /** What a reply on the channel most likely answers, and to which half it was sent. */
  lastSent: { channel: string; messageId: string; contactId: string }[]
  /** Identities that wrote, with the blind index of their address. */
  writers: { blind: string; id: string }[]
  /** At most one of a journey, a key and a half. */
  slots: SlotRow[]
  /** Of all halves. */
  watches: Watch[]
}

/** A merged contact's halves, this one first. */
export const halvesOf = (one: Case): readonly string[] => (one.linked.length === 0 ? [one.contactId] : [one.contactId, ...one.linked])

/** Whether it is the half that hears what happens to a merged contact; most people are one contact. */
export const isKnownHalf = (one: Case): boolean => one.facts.contact.id === one.contactId

/** Which cases of a tick look at a contact's rows: its own, and those of its other halves. */
export function byHalf(cases: readonly Case[]): Map<string, Case[]> {
  const owners = new Map<string, Case[]>()
  for (const one of cases) {
    for (const id of halvesOf(one)) {
      const known = owners.get(id)
      if (known) known.push(one)
      else owners.set(id, [one])
    }
  }
  return owners
}

export interface Watch {
  contactId: string
  journeyId: string
  node: string
  key: string
  dueAt: number
}

/** The guard of a journey and key over all halves: it is as busy as the busiest, and its last entry is the last of any. */
export function slotOf(one: Case, journeyId: string, key: string): SlotRow | undefined {
  const slots = one.slots.filter((slot) => slot.journey_id === journeyId && slot.key === key)
  if (slots.length < 2) return slots[0]
  const [last] = slots.toSorted((a, b) => (b.last_entered_at ?? 0) - (a.last_entered_at ?? 0))
  return last && { ...last, enrollment_id: slots.find((slot) => slot.enrollment_id !== null)?.enrollment_id ?? null }
}

export function setSlot(one: Case, slot: SlotRow): void {
  const known = one.slots.findIndex((each) => each.journey_id === slot.journey_id && each.key === slot.key && each.contact_id === slot.contact_id)
  if (known < 0) one.slots.push(slot)
  else one.slots[known] = slot
}
