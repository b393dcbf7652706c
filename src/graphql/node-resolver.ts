import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql'
import { allows, listApiKeys } from '../services/api-keys.ts'
import { attachmentsByIds } from '../services/attachments.ts'
import { listConnections } from '../services/connections.ts'
import { conversionsByIds } from '../services/conversions.ts'
import { getEvent } from '../services/events.ts'
import { getIdentity } from '../services/identities.ts'
import { inAppByIds } from '../services/in-app.ts'
import { listKeywordRules } from '../services/keyword-rules.ts'
import { partialsByIds } from '../services/partials.ts'
import { getDelivery, listEndpoints } from '../services/webhooks-endpoints.ts'
import { listIncoming } from '../services/webhooks-incoming.ts'
import { whatsappTemplatesByIds } from '../services/whatsapp-templates.ts'
import { getWorkspace } from '../services/workspaces.ts'
import { Attachment } from './attachments/types.ts'
import { broadcastLoader } from './broadcasts/loaders.ts'
import { ProviderConnection } from './connections/types.ts'
import { contactLoader } from './contacts/loaders.ts'
import { ChannelIdentity, Contact } from './contacts/types.ts'
import { type ApiContext, callerWith } from './context.ts'
import { enrollmentLoader } from './enrollments/loaders.ts'
import { Enrollment } from './enrollments/types.ts'
import { Event } from './events/types.ts'
import { type NodeType, readGlobalId } from './global-id.ts'
import { InAppMessage } from './in-app/types.ts'
import { journeyLoader, versionLoader } from './journeys/loaders.ts'
import { Journey, JourneyGraph, JourneyVersion } from './journeys/types.ts'
import { KeywordRule } from './keywords/types.ts'
import { messageLoader } from './messages/loaders.ts'
import { Message } from './messages/types.ts'
import { Node } from './node.ts'
import { templateLoader } from './templates/loaders.ts'
import { TemplatePartial } from './templates/partials.ts'
import { Template } from './templates/types.ts'
import { Conversion } from './timeline/types.ts'
import { topicLoader } from './topics/loaders.ts'
import { IncomingWebhook } from './webhooks/incoming-types.ts'
import { WebhookDelivery, WebhookEndpoint } from './webhooks/types.ts'
import { WhatsappTemplate } from './whatsapp/types.ts'
import { ApiKey, Workspace } from './workspace/types.ts'

type Find = (context: ApiContext, id: string, rest: string) => Promise<Node | null>

const wrap = <Row>(found: Row | null | undefined, make: (row: Row) => Node): Node | null => (found == null ? null : make(found))

/** How each type is found by its id. All of them see the caller's workspace only. */
const FINDERS: Partial<Record<NodeType, Find>> = {
  async ApiKey(context, id) {
    const caller = callerWith(context, 'read')
    // Who may not list keys is not told whether there is one.
    if (!allows(caller, 'admin')) return null
    return wrap(
      (await listApiKeys(context.services, caller)).find((row) => row.id === id),
      (row) => new ApiKey(row),
    )
  },
  Attachment: async (context, id) =>
    wrap((await attachmentsByIds(context.services, callerWith(context, 'read'), [id])).get(id), (row) => new Attachment(row)),
  Broadcast: (context, id) => broadcastLoader(context).load(id),
  ChannelIdentity: async (context, id) =>
    wrap(await getIdentity(context.services, callerWith(context, 'read'), id), (row) => new ChannelIdentity(row)),
  Contact: async (context, id) => wrap(await contactLoader(context).load(id), (row) => new Contact(row)),
  Conversion: async (context, id) =>
    wrap((await conversionsByIds(context.services, callerWith(context, 'read'), [id])).get(id), (row) => new Conversion(row)),
  Enrollment: async (context, id) => wrap(await enrollmentLoader(context).load(id), (row) => new Enrollment(row)),
  Event: async (context, id) => wrap(await getEvent(context.services, callerWith(context, 'read'), id), (row) => new Event(row)),
  InAppMessage: async (context, id) =>
    wrap((await inAppByIds(context.services, callerWith(context, 'read'), [id])).get(id), (row) => new InAppMessage(row)),
  Journey: async (context, id) => wrap(await journeyLoader(context).load(id), (row) => new Journey(row)),
  async JourneyNode(context, id, key) {
    const journey = await journeyLoader(context).load(id)
    const live = journey?.liveVersionId == null ? null : await versionLoader(context).load(journey.liveVersionId)
    // What runs comes before what is being drawn.
    for (const graph of [live?.graph, journey?.draft]) {
      const node = graph == null ? undefined : new JourneyGraph(id, graph, live?.id ?? null).nodeOf(key)
      if (node !== undefined) return node
    }
    return null
  },
  JourneyVersion: async (context, id) => wrap(await versionLoader(context).load(id), (row) => new JourneyVersion(row)),
  KeywordRule: async (context, id) =>
    wrap(
      (await listKeywordRules(context.services, callerWith(context, 'read'))).find((row) => row.id === id),
      (row) => new KeywordRule(row),
    ),
  Message: async (context, id) => wrap(await messageLoader(context).load(id), (row) => new Message(row)),
  ProviderConnection: async (context, id) =>
    wrap(
      (await listConnections(context.services, callerWith(context, 'read'))).find((row) => row.id === id),
      (row) => new ProviderConnection(row),
    ),
  Template: async (context, id) => wrap(await templateLoader(context).load(id), (row) => new Template(row)),
  TemplatePartial: async (context, id) =>
    wrap((await partialsByIds(context.services, callerWith(context, 'read'), [id])).get(id), (row) => new TemplatePartial(row)),
  Topic: (context, id) => topicLoader(context).load(id),
  WhatsappTemplate: async (context, id) =>
    wrap((await whatsappTemplatesByIds(context.services, callerWith(context, 'read'), [id])).get(id), (row) => new WhatsappTemplate(row)),
  async IncomingWebhook(context, id) {
    const caller = callerWith(context, 'read')
    if (!allows(caller, 'admin')) return null
    return wrap(
      (await listIncoming(context.services, caller)).find((row) => row.id === id),
      (row) => new IncomingWebhook(row),
    )
  },
  WebhookDelivery: async (context, id) =>
    wrap(await getDelivery(context.services, callerWith(context, 'read'), id), (row) => new WebhookDelivery(row)),
  WebhookEndpoint: async (context, id) =>
    wrap(
      (await listEndpoints(context.services, callerWith(context, 'read'))).find((row) => row.id === id),
      (row) => new WebhookEndpoint(row),
    ),
  async Workspace(context, id) {
    const caller = callerWith(context, 'read')
    return id === caller.workspaceId ? new Workspace(await getWorkspace(context.services, caller)) : null
  },
}

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Anything by its id; null where there is nothing, or nothing of this workspace’s.' })
  async node(
    @Arg('id', () => ID, { description: 'As any object’s `id` was answered.' }) id: string,
    @Ctx() context: ApiContext,
  ): Promise<Node | null> {
    callerWith(context, 'read')
    const found = readGlobalId(id)
    if (found === null || (found.rest !== '') !== (found.type === 'JourneyNode')) return null
    return (await FINDERS[found.type]?.(context, found.id, found.rest)) ?? null
  }
}
