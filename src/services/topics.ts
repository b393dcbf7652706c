import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { ThroughlineError } from '../errors.ts'
import { type TopicRow, TopicTable } from '../store/entities/topic.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { isId, nameOf, noteOf } from './input.ts'
import { flushUnique } from './transaction.ts'

/** Something messages are about, which people may consent to or refuse. */
export async function createTopic(
  services: Services,
  caller: Caller,
  input: { name: string; description?: string | null | undefined; idempotencyKey?: string | null | undefined },
): Promise<TopicRow> {
  const name = nameOf(input.name, 'name', 100)
  const description = noteOf(input.description, 'description')
  const id = await once(services, caller, 'createTopic', input.idempotencyKey, input, async (em) => {
    const made = em.create(TopicTable, { id: newId(), workspaceId: caller.workspaceId, name, description, createdAt: new Date() })
    await flushUnique(em, 'name', 'Another topic has this name.')
    return made.id
  })
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.findOneOrFail(TopicTable, { id }))
}

/** Changes a topic; what is left out stays. */
export async function updateTopic(
  services: Services,
  caller: Caller,
  input: { id: string; name?: string | null | undefined; description?: string | null | undefined },
): Promise<TopicRow> {
  const name = input.name == null ? null : nameOf(input.name, 'name', 100)
  const description = noteOf(input.description, 'description')
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, input.id)
    if (name !== null) row.name = name
    if (input.description !== undefined) row.description = description
    await flushUnique(em, 'name', 'Another topic has this name.')
    return row
  })
}

/**
 * Ends a topic: nobody is asked for it any more, and its name is free. What people said to it is history and stays, so its row does,
 * too. Throws CONFLICT while a journey's live version or a broadcast under way uses it.
 */
export async function deleteTopic(services: Services, caller: Caller, id: string): Promise<TopicRow> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const row = await find(em, id, true)
    if (row.deletedAt != null) return row
    const [user] = await em.execute<{ what: string; name: string }[]>(USERS, [id, id, id])
    if (user !== undefined) throw new ThroughlineError('CONFLICT', `The ${user.what} «${user.name}» uses it.`, { path: ['id'] })
    row.deletedAt = new Date()
    await em.flush()
    return row
  })
}

/** Graphs and audiences name it by its id, in settings and in conditions; nothing else in them is likely to hold that text. */
const USERS = `
  SELECT 'journey' AS what, j.name FROM journey j JOIN journey_version v ON v.id = j.live_version_id
    WHERE j.status IN ('LIVE', 'PAUSED') AND position(?::text in v.graph::text) > 0
  UNION ALL
  SELECT 'broadcast', b.name FROM broadcast b
    WHERE b.status IN ('RUNNING', 'PAUSED') AND (b.topic_id = ?::uuid OR position(?::text in b.audience::text) > 0) LIMIT 1`

/** Locked: who is about to use it holds it until that is committed. */
async function find(em: EntityManager, id: string, evenDeleted = false): Promise<TopicRow> {
  const which = { id, ...(evenDeleted ? {} : { deletedAt: null }) }
  const row = isId(id) ? await em.findOne(TopicTable, which, { lockMode: LockMode.PESSIMISTIC_WRITE }) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such topic.', { path: ['id'] })
  return row
}

/** Throws NOT_FOUND for one that is named and not there; with `hold` it is there until the transaction ends. */
export async function requireTopic(em: EntityManager, id: string | null | undefined, { hold } = { hold: false }): Promise<void> {
  const lock = hold ? { lockMode: LockMode.PESSIMISTIC_READ } : {}
  if (id != null && (!isId(id) || (await em.findOne(TopicTable, { id, deletedAt: null }, lock)) === null))
    throw new ThroughlineError('NOT_FOUND', 'There is no such topic.', { path: ['topicId'] })
}

export async function listTopics(services: Services, caller: Caller): Promise<TopicRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TopicTable, { deletedAt: null }, { orderBy: { name: 'asc' }, limit: 1_000 }))
}

/** Those that were deleted, too: consents and messages still name them. */
export async function topicsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, TopicRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TopicTable, { id: { $in: ids.filter(isId) } }))
  return new Map(rows.map((row) => [row.id, row]))
}
