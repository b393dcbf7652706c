import { laneOf } from '../domain/ids.ts'
import { type WebhookCallRow, WebhookCallTable } from '../store/entities/webhook-call.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'

/** A call as it may be shown: what was sent is rendered with secrets, and kept nowhere. */
export type CallView = WebhookCallRow

const MOST = 10_000

/** The calls of these enrollments, by enrollment, the oldest first. */
export async function callsOf(services: Services, caller: Caller, enrollmentIds: readonly string[]): Promise<Map<string, CallView[]>> {
  const found = new Map<string, CallView[]>(enrollmentIds.map((id) => [id, []]))
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      WebhookCallTable,
      { lane: { $in: [...new Set(enrollmentIds.map(laneOf))] }, enrollmentId: { $in: [...enrollmentIds] } },
      { orderBy: { plannedAt: 'asc', id: 'asc' }, limit: MOST },
    ),
  )
  for (const row of rows) found.get(row.enrollmentId)?.push(row)
  return found
}
