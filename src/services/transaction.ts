import { type EntityManager, UniqueConstraintViolationException } from '@mikro-orm/postgresql'
import type pg from 'pg'
import { fromKysely } from 'pg-boss'
import { ThroughlineError } from '../errors.ts'
import type { Client } from '../store/ask.ts'

/** The transaction an em is in, as the hot statements want a client: what is delivered through it commits or rolls back with it. */
export function clientOf(em: EntityManager): Client {
  const database = fromKysely(em.getKysely() as unknown as Parameters<typeof fromKysely>[0])
  return {
    async query<Row extends pg.QueryResultRow>({ text, values = [] }: { text: string; values?: unknown[] }) {
      return (await database.executeSql(text, values)) as unknown as pg.QueryResult<Row>
    },
  }
}

/** Waits until nobody else's transaction is at what `what` names, and keeps others waiting until this one ends: a limit counted now still holds then. */
export async function oneAtATime(em: EntityManager, what: string): Promise<void> {
  await em.execute('select pg_advisory_xact_lock(hashtextextended(?, 0))', [what])
}

/** Flushes what a unique index may refuse. To ask first would not do: of two callers at once both would find nothing. */
export async function flushUnique(em: EntityManager, field: string, message: string): Promise<void> {
  try {
    await em.flush()
  } catch (error) {
    throw error instanceof UniqueConstraintViolationException ? new ThroughlineError('CONFLICT', message, { path: [field], cause: error }) : error
  }
}
