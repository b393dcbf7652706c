import { type EntityManager, MikroORM, UnderscoreNamingStrategy } from '@mikro-orm/postgresql'
import { ApiKeyTable } from './entities/api-key.ts'
import { AttachmentTable } from './entities/attachment.ts'
import { BroadcastTable } from './entities/broadcast.ts'
import { ChannelIdentityTable } from './entities/channel-identity.ts'
import { ConsentTable } from './entities/consent.ts'
import { ConsentChangeTable } from './entities/consent-change.ts'
import { ContactTable } from './entities/contact.ts'
import { ContactAliasTable } from './entities/contact-alias.ts'
import { ConversionTable } from './entities/conversion.ts'
import { EnrollmentTable } from './entities/enrollment.ts'
import { EventTable } from './entities/event.ts'
import { IncomingWebhookTable } from './entities/incoming-webhook.ts'
import { JournalEntryTable } from './entities/journal-entry.ts'
import { JourneyTable } from './entities/journey.ts'
import { JourneyVersionTable } from './entities/journey-version.ts'
import { KeywordRuleTable } from './entities/keyword-rule.ts'
import { MessageTable } from './entities/message.ts'
import { MessageStatusTable } from './entities/message-status.ts'
import { NodeStatTable } from './entities/node-stat.ts'
import { ProviderCircuitTable } from './entities/provider-circuit.ts'
import { ProviderConnectionTable } from './entities/provider-connection.ts'
import { TemplateTable } from './entities/template.ts'
import { TemplatePartialTable } from './entities/template-partial.ts'
import { TemplateVersionTable } from './entities/template-version.ts'
import { TopicTable } from './entities/topic.ts'
import { WebhookCallTable } from './entities/webhook-call.ts'
import { WebhookDeliveryTable } from './entities/webhook-delivery.ts'
import { WebhookEndpointTable } from './entities/webhook-endpoint.ts'
import { WhatsappTemplateTable } from './entities/whatsapp-template.ts'
import { WorkspaceTable } from './entities/workspace.ts'
import { WorkspaceSecretTable } from './entities/workspace-secret.ts'
import { keepPoolWhole } from './orm-pool.ts'

const ENTITIES = [
  WorkspaceTable,
  ApiKeyTable,
  ProviderConnectionTable,
  TopicTable,
  TemplateTable,
  TemplatePartialTable,
  TemplateVersionTable,
  JourneyTable,
  JourneyVersionTable,
  ContactTable,
  ContactAliasTable,
  ChannelIdentityTable,
  ConsentTable,
  ConsentChangeTable,
  EventTable,
  EnrollmentTable,
  MessageTable,
  MessageStatusTable,
  JournalEntryTable,
  ConversionTable,
  NodeStatTable,
  WorkspaceSecretTable,
  WebhookEndpointTable,
  WebhookCallTable,
  WebhookDeliveryTable,
  IncomingWebhookTable,
  AttachmentTable,
  ProviderCircuitTable,
  BroadcastTable,
  KeywordRuleTable,
  WhatsappTemplateTable,
]

/** Configuration and reads of the request path; the hot path has its own statements on plain `pg`. */
export async function openOrm(url: string): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl: url,
    entities: ENTITIES,
    namingStrategy: UnderscoreNamingStrategy,
    forceUtcTimezone: true,
    pool: { min: 0, max: 10 },
    driverOptions: {
      application_name: 'throughline orm',
      options: '-c role=throughline_api -c timezone=UTC',
      connectionTimeoutMillis: 5_000,
      onPoolCreated: keepPoolWhole,
    },
  })
}

/**
 * One transaction in the API's role that sees one workspace. Use the em it is given: the outer one has no
 * workspace, and so sees nothing.
 */
export async function inWorkspaceEm<T>(orm: MikroORM, workspaceId: string, work: (em: EntityManager) => Promise<T>): Promise<T> {
  return orm.em.fork().transactional(async (em) => {
    await em.execute(`select set_config('throughline.workspace', ?, true)`, [workspaceId])
    return work(em as EntityManager)
  })
}
