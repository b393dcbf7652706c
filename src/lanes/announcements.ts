import { derivedId, laneOf } from '../domain/ids.ts'
import type { EnrollmentState } from '../domain/journey/enrollment.ts'
import type { WebhookEvent } from '../domain/webhook-delivery.ts'
import type { DeliveryInsert } from '../store/queries/webhook-deliveries.ts'
import type { Subscriptions } from './journeys.ts'

/** What is told of a message: what it is part of, and what has become of it. */
export interface MessageNews {
  message: string
  channel: string
  enrollment: string | null
  journey: string | null
  node: string | null
  status: string
  human: boolean | null
  detail: unknown
  at: number
}

/** What one tick tells the endpoints of workspaces: ids and names, never contact details. Costs a look-up where nobody listens. */
export class Announcements {
  readonly rows: DeliveryInsert[] = []
  private readonly now: number
  private readonly subscriptions: Subscriptions

  constructor(now: number, subscriptions: Subscriptions) {
    this.now = now
    this.subscriptions = subscriptions
  }

  enrollment(type: 'enrollment.started' | 'enrollment.ended', workspaceId: string, state: EnrollmentState): void {
    const end = () => (type === 'enrollment.ended' ? { state: state.status, reason: state.endReason } : {})
    this.tell(workspaceId, state.contactId, type, () => ({ ...enrollmentOf(state), ...end() }))
  }

  goal(workspaceId: string, state: EnrollmentState, reached: { goal: string; value: number | null; at: number }): void {
    const { goal, value, at } = reached
    this.tell(workspaceId, state.contactId, 'goal.reached', () => ({ ...enrollmentOf(state), goal, value, at }))
  }

  message(workspaceId: string, contactId: string, news: () => MessageNews): void {
    this.tell(workspaceId, contactId, 'message.updated', news)
  }

  private tell(workspaceId: string, contactId: string, type: WebhookEvent, data: () => object): void {
    for (const endpoint of this.subscriptions.get(workspaceId)?.get(type) ?? []) {
      const lane = laneOf(contactId)
      // Never looked for again, and one of its kind: a lane has one tick at a time, and its clock does not stand still.
      const id = derivedId(this.now, lane, endpoint, contactId, type, String(this.rows.length), String(Math.floor(this.now)))
      this.rows.push({ lane, id, workspace: workspaceId, endpoint, contact: contactId, type, data: data(), created: this.now })
    }
  }
}

const enrollmentOf = ({ id, journeyId, key }: EnrollmentState) => ({ enrollment: id, journey: journeyId, key })
