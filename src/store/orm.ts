import { MikroORM } from '@mikro-orm/postgresql'
import { ApiKeyEntity } from './entities/api-key.ts'
import { ChannelIdentityEntity } from './entities/channel-identity.ts'
import { ConsentChangeEntity } from './entities/consent-change.ts'
import { ConsentEntity } from './entities/consent.ts'
import { ContactAliasEntity } from './entities/contact-alias.ts'
import { ContactEntity } from './entities/contact.ts'
import { ConversionEntity } from './entities/conversion.ts'
import { EnrollmentEntity } from './entities/enrollment.ts'
import { EventEntity } from './entities/event.ts'
import { IdempotencyEntity } from './entities/idempotency.ts'
import { JourneyEntity } from './entities/journey.ts'
import { JourneyVersionEntity } from './entities/journey-version.ts'
import { MessageEntity } from './entities/message.ts'
import { MessageStatusEntity } from './entities/message-status.ts'
import { ProviderConnectionEntity } from './entities/provider-connection.ts'
import { TemplateEntity } from './entities/template.ts'
import { TemplateVersionEntity } from './entities/template-version.ts'
import { TopicEntity } from './entities/topic.ts'
import { WorkspaceEntity } from './entities/workspace.ts'
import type { Client } from './sql.ts'

export const ENTITIES = [
  WorkspaceEntity, ApiKeyEntity, ProviderConnectionEntity, TopicEntity, TemplateEntity, TemplateVersionEntity, JourneyEntity, JourneyVersionEntity,
  IdempotencyEntity, ContactEntity, ContactAliasEntity, ChannelIdentityEntity, ConsentEntity, ConsentChangeEntity, EventEntity, EnrollmentEntity,
  MessageEntity, MessageStatusEntity, ConversionEntity,
]

export type Orm = MikroORM
export type Em = MikroORM['em']

/** The ORM in the API's role, for everything but the hot path. Connects when it is first used. */
export async function openOrm(url: string, options: { max?: number; name?: string } = {}): Promise<Orm> {
  return MikroORM.init({
    clientUrl: url,
    entities: ENTITIES,
    forceUtcTimezone: true,
    pool: { max: options.max ?? 10, idleTimeoutMillis: 60_000 },
    driverOptions: {
      options: '-c role=throughline_api -c timezone=UTC -c datestyle=ISO',
      application_name: options.name ?? 'throughline api',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    },
  })
}

/**
 * One transaction that sees one workspace. `work` must use the em it is given: the outer one is another
 * connection, without the workspace and without the rollback. What it changed is flushed before the commit.
 */
export async function inWorkspaceEm<T>(orm: Orm, workspaceId: string, work: (em: Em) => Promise<T>): Promise<T> {
  return orm.em.fork().transactional(async (em) => {
    await clientOf(em).query({ text: `SELECT set_config('throughline.workspace', $1, true)`, values: [workspaceId] })
    return work(em)
  })
}

/**
 * The em's own connection as the plain client that statements of store/queries take. They run unnamed here, at some three
 * times the cost: right for a statement beside a mutation, wrong for a hot one.
 */
export function clientOf(em: Em): Client {
  const kysely = em.getKysely()
  type Query = Parameters<typeof kysely.executeQuery>[0]
  return {
    async query({ text, values }) {
      const parameters = values ?? []
      const query = { sql: text, parameters, query: { kind: 'RawNode', sqlFragments: [text], parameters: [] }, queryId: { queryId: text } }
      const { rows } = await kysely.executeQuery(query as unknown as Query)
      return { rows, rowCount: rows.length, command: '', oid: 0, fields: [] } as never
    },
  }
}
