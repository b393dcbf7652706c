import type { EntityManager } from '@mikro-orm/postgresql'
import type { Channel } from '../domain/channel.ts'
import type { DeliveryStatus } from '../domain/delivery.ts'
import { isLanedId, laneOf } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver } from '../lanes/inbox.ts'
import { EnrollmentTable } from '../store/entities/enrollment.ts'
import { type MessageRow, MessageTable } from '../store/entities/message.ts'
import { type MessageStatusRow, MessageStatusTable } from '../store/entities/message-status.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { getContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { halvesOf } from './halves.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { clientOf } from './transaction.ts'

export async function messagesByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, MessageRow>> {
  const sound = ids.filter((id) => isLanedId(id, services.lanes))
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(MessageTable, { lane: { $in: [...new Set(sound.map(laneOf))] }, id: { $in: sound } }),
  )
  return new Map(rows.map((row) => [row.id, row]))
}

export interface ListMessages extends Slice {
  journeyId: string | null
  contactId: string | null
  enrollmentId: string | null
  broadcastId: string | null
  channels: readonly Channel[] | null
  status: readonly DeliveryStatus[] | null
}

/** Newest first. */
export async function listMessages(services: Services, caller: Caller, input: ListMessages): Promise<MessageRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const ofEnrollment = input.enrollmentId === null ? {} : await withinEnrollment(em, input.enrollmentId)
    if (ofEnrollment === null) return []
    return em.find(
      MessageTable,
      {
        ...(input.journeyId === null ? {} : { journeyId: input.journeyId }),
        $and: [ofEnrollment],
        ...(input.broadcastId === null ? {} : { broadcastId: input.broadcastId }),
        ...(input.contactId === null ? {} : await halvesOf(em, input.contactId)),
        ...(input.channels === null ? {} : { channel: { $in: [...input.channels] } }),
        ...(input.status === null ? {} : { status: { $in: [...input.status] } }),
        ...idsWithin(input),
      },
      orderOf(input),
    )
  })
}

/** Found among what its contact was sent since it began; null where there is no such enrollment. */
async function withinEnrollment(em: EntityManager, enrollmentId: string) {
  const lane = laneOf(enrollmentId)
  const enrollment = await em.findOne(EnrollmentTable, { lane, id: enrollmentId })
  return enrollment && { lane, contactId: enrollment.contactId, plannedAt: { $gte: enrollment.enteredAt }, enrollmentId }
}

/** Everything that was ever reported of these messages, by message, in the order it arrived. */
export async function statusesOf(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, MessageStatusRow[]>> {
  const found = new Map<string, MessageStatusRow[]>(ids.map((id) => [id, []]))
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      MessageStatusTable,
      { lane: { $in: [...new Set(ids.map(laneOf))] }, messageId: { $in: [...ids] } },
      { orderBy: { receivedAt: 'asc', id: 'asc' }, limit: 10_000 },
    ),
  )
  for (const row of rows) found.get(row.messageId)?.push(row)
  return found
}

export const REPORTABLE = ['DELIVERED', 'OPENED', 'CLICKED'] as const

/** With a contact's own token: its own pushes, those to the anonymous half of it included. */
async function requireOwnPush(services: Services, caller: Caller, message: MessageRow): Promise<void> {
  await getContact(services, caller, { id: message.contactId })
  if (message.channel !== 'push' && message.channel !== 'web_push')
    throw new ThroughlineError('FORBIDDEN', 'With a contact’s token, only pushes are reported.')
}

/** What an app saw happen to a push: FCM itself reports nothing after accepting it. */
export async function reportMessage(
  services: Services,
  caller: Caller,
  input: { id: string; status: (typeof REPORTABLE)[number]; at?: Date | null | undefined },
): Promise<MessageRow> {
  const message = (await messagesByIds(services, caller, [input.id])).get(input.id)
  if (message === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such message.', { path: ['id'] })
  if (caller.contactId !== undefined) await requireOwnPush(services, caller, message)
  // Taken as delivered, a message that still waits would never be sent.
  if (message.attempt === 0) throw new ThroughlineError('CONFLICT', 'The message has not been handed to a provider.', { path: ['id'] })
  const at = Math.min(input.at?.getTime() ?? Date.now(), Date.now())
  await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    deliver(
      clientOf(em),
      [
        {
          kind: 'callback',
          data: { messageId: message.id, status: input.status, human: true, at },
          workspaceId: caller.workspaceId,
          contactId: message.contactId,
        },
      ],
      services.lanes,
    ),
  )
  return message
}
