import { laneOf } from '../domain/ids.ts'
import type { EnrollmentState } from '../domain/journey/enrollment.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Client } from '../store/ask.ts'
import type { EnrollmentRow } from '../store/queries/claim.ts'
import { type Key, loadActiveEnrollments, loadEnrollments } from '../store/queries/facts.ts'
import type { MessageRow } from '../store/queries/messages.ts'
import { together } from '../store/sql.ts'
import type { Item, Running } from './case.ts'

export function running(row: EnrollmentRow): Running {
  const state = {
    ...(JSON.parse(row.state) as JsonObject),
    id: row.id,
    journeyId: row.journey_id,
    versionId: row.version_id,
    contactId: row.contact_id,
    key: row.key,
    status: row.status,
    node: row.node,
    dueAt: row.due_at ?? row.frozen_due_at,
    enteredAt: row.entered_at,
    endedAt: row.ended_at ?? null,
    endReason: row.end_reason ?? null,
  } as unknown as EnrollmentState
  return { workspaceId: row.workspace_id, state, frozen: row.due_at === null && row.frozen_due_at !== null }
}

/** Enrollments that an event may move, by contact; those whose message or id was named, by id. What both find comes twice, the younger last. */
export async function loadRunning(
  client: Client,
  home: readonly { contactId: string; item: Item }[],
  messages: readonly MessageRow[],
): Promise<EnrollmentRow[]> {
  const wide = new Map<string, Key>()
  const named = new Map<string, Key>()
  const name = (id: string | null) => {
    if (id !== null) named.set(id, { lane: laneOf(id), id })
  }
  for (const { contactId, item } of home) {
    if (mayMoveAny(item)) wide.set(contactId, { lane: laneOf(contactId), id: contactId })
    if (item.kind === 'exit' || item.kind === 'answer') name(item.data.enrollmentId)
  }
  for (const row of messages) name(row.enrollment_id)
  const found = await together([loadActiveEnrollments(client, [...wide.values()]), loadEnrollments(client, [...named.values()])])
  return found.flat()
}

/** What is news to whatever its contact is in. */
const mayMoveAny = ({ kind }: Item) => kind === 'event' || kind === 'echo' || kind === 'contact' || kind === 'inbound'
