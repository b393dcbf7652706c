import { LockMode } from '@mikro-orm/postgresql'
import { FASTEST, mayBecome, USUAL_PACE } from '../domain/broadcast.ts'
import type { Channel, Purpose } from '../domain/channel.ts'
import type { Condition } from '../domain/condition/condition.ts'
import { audienceConditionShape } from '../domain/condition/validate.ts'
import type { DeliveryStatus } from '../domain/delivery.ts'
import type { DevicePolicy } from '../domain/gate.ts'
import type { JsonObject } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { type BroadcastRow, BroadcastTable } from '../store/entities/broadcast.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { listRecipients } from '../store/queries/broadcast.ts'
import { BROADCAST_CHANNEL, notify } from '../store/queries/notify.ts'
import { inWorkspace, run, type Statement } from '../store/sql.ts'
import type { ContactReference } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, isId, nameOf } from './input.ts'
import { recipientsOf } from './recipients.ts'
import { channelFor, checkVars, devicesFor } from './sends.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { requireTemplate } from './templates.ts'
import { requireTopic } from './topics.ts'
import { clientOf } from './transaction.ts'
import { requireSendable } from './whatsapp-templates.ts'

export interface CreateBroadcast {
  name: string
  templateId: string
  /** The template's own where left out. */
  channel?: Channel | null | undefined
  devices?: DevicePolicy | null | undefined
  /** Who gets it; everybody listed where left out. */
  audience?: Condition | null | undefined
  /** Who may get it; everybody where left out. */
  contacts?: readonly ContactReference[] | null | undefined
  topicId?: string | null | undefined
  purpose?: Purpose | null | undefined
  vars?: JsonObject | null | undefined
  perSecond?: number | null | undefined
  startsAt?: Date | null | undefined
  idempotencyKey?: string | null | undefined
}

const FARTHEST = 366 * 86_400_000

/** Sets a broadcast going, now or at an instant of the next year; returns its id. It needs an audience, a list, or both. */
export async function createBroadcast(services: Services, caller: Caller, input: CreateBroadcast): Promise<string> {
  const name = nameOf(input.name, 'name')
  const { contacts } = input
  // Neither is everybody there is, and that somebody has to want in so many words.
  if (input.audience == null && contacts == null)
    throw new ThroughlineError('INVALID_INPUT', 'is needed where no contacts are listed', { path: ['audience'] })
  const audience = input.audience == null ? null : conform(audienceConditionShape, input.audience, ['audience'])
  const perSecond = input.perSecond ?? USUAL_PACE
  if (perSecond < 1 || perSecond > FASTEST) throw new ThroughlineError('INVALID_INPUT', `must be from 1 to ${FASTEST}`, { path: ['perSecond'] })
  const startsAt = input.startsAt ?? null
  if (startsAt !== null && startsAt.getTime() > Date.now() + FARTHEST)
    throw new ThroughlineError('INVALID_INPUT', 'must be within a year', { path: ['startsAt'] })
  const found = await requireTemplate(services, caller, input.templateId, 'templateId')
  const channel = channelFor(found, input.channel)
  const devices = devicesFor(channel, input.devices)
  const vars = input.vars ?? {}
  checkVars(found.version.variables, vars)
  return once(services, caller, 'createBroadcast', input.idempotencyKey, input, async (em) => {
    const topicId = input.topicId ?? null
    await requireTopic(em, topicId, { hold: true })
    if (channel === 'whatsapp') await requireSendable(em, found.template.channel, found.version.variants, ['templateId'])
    const recipients = contacts == null ? null : await recipientsOf(clientOf(em), services, caller, contacts)
    const now = new Date()
    const { id, runner } = em.create(BroadcastTable, {
      id: newId(),
      workspaceId: caller.workspaceId,
      name,
      templateId: input.templateId,
      channel,
      devices,
      topicId,
      purpose: input.purpose ?? 'PROMOTIONAL',
      audience,
      listed: recipients?.length ?? null,
      vars,
      perSecond,
      status: 'RUNNING',
      startsAt: startsAt ?? now,
      runner: newId(),
      handed: 0,
      createdAt: now,
    })
    await em.flush()
    if (recipients !== null) await listRecipients(clientOf(em), id, recipients)
    await services.enqueue('broadcast', { broadcastId: id, runner }, clientOf(em), startsAt ?? undefined)
    return id
  })
}

type Em = Parameters<typeof clientOf>[0]
/** Waits for a page under way, so that nothing more is handed over once this has answered. */
async function move(
  services: Services,
  caller: Caller,
  id: string,
  to: 'PAUSED' | 'RUNNING' | 'CANCELLED',
  change: (row: BroadcastRow, em: Em) => unknown,
) {
  await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = isId(id) ? await em.findOne(BroadcastTable, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE }) : null
    if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such broadcast.', { path: ['id'] })
    if (row.status === to) return
    if (!mayBecome(row.status, to)) throw new ThroughlineError('CONFLICT', `The broadcast is ${row.status.toLowerCase()}.`, { path: ['id'] })
    row.status = to
    await change(row, em)
    await em.flush()
    await notify(clientOf(em), BROADCAST_CHANNEL, [id])
  })
}

/** Hands over no more; what has been handed over goes on. */
export const pauseBroadcast = (services: Services, caller: Caller, id: string) => move(services, caller, id, 'PAUSED', () => {})

/** Goes on behind the last contact it was handed to, as a new runner. */
export const resumeBroadcast = (services: Services, caller: Caller, id: string) =>
  move(services, caller, id, 'RUNNING', async (row, em) => {
    row.runner = newId()
    const startsAt = row.startsAt.getTime() > Date.now() ? row.startsAt : undefined
    await services.enqueue('broadcast', { broadcastId: row.id, runner: row.runner }, clientOf(em), startsAt)
  })

/** For good, what is queued and has not left included: dispatch asks. */
export const cancelBroadcast = (services: Services, caller: Caller, id: string) =>
  move(services, caller, id, 'CANCELLED', (row) => {
    row.endedAt = new Date()
  })

export async function broadcastsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, BroadcastRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(BroadcastTable, { id: { $in: ids.filter(isId) } }))
  return new Map(rows.map((row) => [row.id, row]))
}

/** Newest first. */
export async function listBroadcasts(services: Services, caller: Caller, input: Slice): Promise<BroadcastRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(BroadcastTable, idsWithin(input), orderOf(input)))
}

/** How a broadcast's messages stand. */
export type Progress = Readonly<Partial<Record<DeliveryStatus | 'opened' | 'clicked', number>>>

const PROGRESS: Statement = {
  name: 'broadcast_progress',
  text: `SELECT broadcast_id AS id, status, count(*)::int AS n, count(opened_at)::int AS opened, count(clicked_at)::int AS clicked
    FROM message WHERE broadcast_id = ANY ($1::uuid[]) GROUP BY broadcast_id, status`,
}

export async function progressOf(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, Progress>> {
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    run<{ id: string; status: DeliveryStatus; n: number; opened: number; clicked: number }>(client, PROGRESS, [ids]),
  )
  const found = new Map<string, Record<string, number>>()
  for (const { id, status, n, opened, clicked } of rows) {
    const known = found.get(id) ?? { opened: 0, clicked: 0 }
    found.set(id, { ...known, [status]: n, opened: (known.opened ?? 0) + opened, clicked: (known.clicked ?? 0) + clicked })
  }
  return found
}
