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

/** One contact and all that this tick has to do with it, its facts loaded. */
export interface Case {
  lane: number
  workspaceId: string
  contactId: string
  facts: Facts
  /** Other halves of a merged contact, which hear its events too. */
  linked: readonly string[]
  items: Item[]
  dueEnrollments: Set<string>
  dueWatches: WatchRow[]
  dueMessages: string[]
  enrollments: Map<string, Running>
  messages: Map<string, MessageRow>
  /** By channel: what a reply most likely answers. */
  lastSent: Map<string, string>
  slots: Map<string, SlotRow>
  watches: { journeyId: string; node: string; key: string; dueAt: number }[]
}
