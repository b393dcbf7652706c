import type { EntityManager } from '@mikro-orm/postgresql'
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

/** Throws NOT_FOUND for one that is named and not there. */
export async function requireTopic(em: EntityManager, id: string | null | undefined): Promise<void> {
  if (id != null && (!isId(id) || (await em.findOne(TopicTable, { id })) === null))
    throw new ThroughlineError('NOT_FOUND', 'There is no such topic.', { path: ['topicId'] })
}

export async function listTopics(services: Services, caller: Caller): Promise<TopicRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TopicTable, {}, { orderBy: { name: 'asc' }, limit: 1_000 }))
}
