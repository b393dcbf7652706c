import 'reflect-metadata'
import { type GraphQLInputObjectType, type GraphQLSchema, isInputObjectType, lexicographicSortSchema, printSchema } from 'graphql'
import { buildSchemaSync, type PubSub } from 'type-graphql'
import { ThroughlineError } from '../errors.ts'
import { AnalyticsResolver, JourneyStatsResolver, NodeStatsResolver, VersionStatsResolver } from './analytics/resolver.ts'
import { AttachmentResolver } from './attachments/resolver.ts'
import { BroadcastResolver } from './broadcasts/resolver.ts'
import { ConnectionResolver } from './connections/resolver.ts'
import { ConsentResolver } from './contacts/consent-resolver.ts'
import { ContactResolver } from './contacts/resolver.ts'
import { ContactEnrollmentsResolver, JourneyEnrollmentsResolver, VersionEnrollmentsResolver } from './enrollments/owners.ts'
import { EnrollmentResolver } from './enrollments/resolver.ts'
import { EventResolver } from './events/resolver.ts'
import { guardFields } from './guard.ts'
import { InAppResolver } from './in-app/resolver.ts'
import { JourneyTemplateResolver } from './journeys/journey-templates.ts'
import { NODE_TYPE_CLASSES } from './journeys/node-kinds.ts'
import { JourneyGraphResolver, JourneyResolver } from './journeys/resolver.ts'
import { KeywordResolver } from './keywords/resolver.ts'
import { LiveResolver } from './live/resolver.ts'
import { MessageResolver } from './messages/resolver.ts'
import { NodeResolver } from './node-resolver.ts'
import { PartialResolver } from './templates/partials.ts'
import { TemplateResolver } from './templates/resolver.ts'
import { TestSendResolver } from './templates/test-send.ts'
import { TemplateVersionResolver } from './templates/versions.ts'
import { ConversionResolver, EventContactResolver, StatusChangeResolver, TimelineResolver, VisitResolver } from './timeline/resolver.ts'
import { TopicResolver } from './topics/resolver.ts'
import { EnrollmentCallResolver } from './webhooks/call-resolver.ts'
import { IncomingWebhookResolver } from './webhooks/incoming-resolver.ts'
import { WebhookEndpointResolver } from './webhooks/resolver.ts'
import { SecretResolver } from './webhooks/secret-resolver.ts'
import { WhatsappResolver } from './whatsapp/resolver.ts'
import { restrictContacts } from './workspace/contact-access.ts'
import { WorkspaceResolver } from './workspace/resolver.ts'

/** One line per resource. */
const RESOLVERS = [
  AnalyticsResolver,
  AttachmentResolver,
  BroadcastResolver,
  ConnectionResolver,
  ConsentResolver,
  ContactEnrollmentsResolver,
  ContactResolver,
  ConversionResolver,
  EnrollmentCallResolver,
  EnrollmentResolver,
  EventContactResolver,
  EventResolver,
  InAppResolver,
  IncomingWebhookResolver,
  JourneyEnrollmentsResolver,
  JourneyGraphResolver,
  JourneyResolver,
  JourneyStatsResolver,
  JourneyTemplateResolver,
  KeywordResolver,
  LiveResolver,
  MessageResolver,
  NodeResolver,
  NodeStatsResolver,
  SecretResolver,
  StatusChangeResolver,
  PartialResolver,
  TemplateResolver,
  TemplateVersionResolver,
  TestSendResolver,
  TimelineResolver,
  TopicResolver,
  VersionEnrollmentsResolver,
  VersionStatsResolver,
  VisitResolver,
  WebhookEndpointResolver,
  WhatsappResolver,
  WorkspaceResolver,
] as const

/** type-graphql asks for one wherever there is a subscription; each of ours brings its own stream from the hub, so it is never used. */
const NO_PUB_SUB: PubSub = {
  publish() {
    throw new ThroughlineError('INTERNAL', 'subscriptions stream from the hub')
  },
  subscribe() {
    throw new ThroughlineError('INTERNAL', 'subscriptions stream from the hub')
  },
}

/**
 * An input's fields are listed whenever a value for it is read, and graphql-js keeps them in an object that V8 takes for a dictionary, for it began
 * without a prototype: 0.4 µs a list, against 0.07 where the prototype went afterwards. An event is two inputs.
 */
function keepFieldsAtHand(type: GraphQLInputObjectType): void {
  const fields = Object.setPrototypeOf({ ...type.getFields() }, null)
  type.getFields = () => fields
}

/** The whole contract. Built once a process. */
export function buildApiSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...RESOLVERS],
    orphanedTypes: NODE_TYPE_CLASSES,
    pubSub: NO_PUB_SUB,
    validate: false,
    emitSchemaFile: false,
  })
  // type-graphql has no @oneOf: the mark is set on the built type, where graphql-js reads it.
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isInputObjectType(type)) continue
    if (type.extensions.oneOf === true) type.isOneOf = true
    keepFieldsAtHand(type)
  }
  restrictContacts(schema)
  guardFields(schema)
  return schema
}

/** The contract as schema/schema.graphql has it: sorted, so that a move of code is no change. */
export function printApiSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}
