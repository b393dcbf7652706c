import type { EntityManager } from '@mikro-orm/postgresql'
import type pg from 'pg'
import { fromKysely } from 'pg-boss'
import type { Client } from '../store/sql.ts'

/** The transaction an em is in, as the hot statements want a client: what is delivered through it commits or rolls back with it. */
export function clientOf(em: EntityManager): Client {
  const database = fromKysely(em.getKysely() as unknown as Parameters<typeof fromKysely>[0])
  return {
    async query<Row extends pg.QueryResultRow>({ text, values = [] }: { text: string; values?: unknown[] }) {
      return (await database.executeSql(text, values)) as unknown as pg.QueryResult<Row>
    },
  }
}
