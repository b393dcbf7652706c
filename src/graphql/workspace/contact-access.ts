import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema, getNamedType, isObjectType } from 'graphql'
import { ThroughlineError } from '../../errors.ts'
import type { ApiContext } from '../context.ts'

/**
 * Everything a contact's own token may select; a field that is not here is FORBIDDEN, so a new one is until somebody
 * decides otherwise. Whose things these fields answer and change, services limit to the contact's own.
 */
export const CONTACT_FIELDS: Readonly<Record<string, readonly string[]>> = {
  Query: ['contact', 'inAppMessages', 'inAppUnseenCount', 'topics', 'webPushPublicKey'],
  Mutation: ['addIdentity', 'removeIdentity', 'reportInAppClicked', 'reportInAppDismissed', 'reportInAppSeen', 'reportMessage', 'setConsent'],
  Subscription: ['inAppMessage'],
  ChannelIdentity: ['id', 'channel', 'status', 'maskedAddress', 'platform', 'createdAt'],
  Consent: ['channel', 'topic', 'state', 'purpose', 'source', 'at'],
  Contact: ['id', 'externalId', 'identities', 'consents'],
  ContactPayload: ['contact', 'userErrors'],
  IdentityPayload: ['contact', 'identity', 'userErrors'],
  InAppButton: ['key', 'label', 'deepLink'],
  InAppMessage: [
    ...['id', 'surface', 'title', 'body', 'imageUrl', 'deepLink', 'buttons', 'data', 'key', 'priority', 'target', 'showing', 'revision'],
    ...['sentAt', 'expiresAt', 'seenAt', 'clickedAt', 'dismissedAt', 'message'],
  ],
  InAppMessageConnection: ['edges', 'pageInfo'],
  InAppMessageEdge: ['cursor', 'node'],
  InAppMessagePayload: ['inAppMessage', 'userErrors'],
  InAppTarget: ['platforms', 'screens', 'events'],
  Message: ['id'],
  MessagePayload: ['message', 'userErrors'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
  Topic: ['id', 'name', 'description', 'deletedAt'],
  UserError: ['code', 'message', 'path'],
}

type Resolve = GraphQLFieldResolver<unknown, ApiContext>

/**
 * Puts the refusal before the resolvers of all other fields of these types, for both doors at once. Throws INTERNAL
 * where the table leads to a type it does not have: what is in there would be open.
 */
export function restrictContacts(schema: GraphQLSchema): void {
  for (const [name, open] of Object.entries(CONTACT_FIELDS)) {
    const type = schema.getType(name)
    if (!isObjectType(type)) throw new ThroughlineError('INTERNAL', `There is no type «${name}» to let contacts see.`)
    const fields = type.getFields()
    for (const field of open) {
      const leadsTo = getNamedType(fields[field]?.type)
      if (leadsTo === undefined || (isObjectType(leadsTo) && !(leadsTo.name in CONTACT_FIELDS)))
        throw new ThroughlineError('INTERNAL', `«${name}.${field}» is not fit for contacts to see.`)
    }
    for (const field of Object.values(fields)) {
      if (open.includes(field.name)) continue
      const entry = name === 'Subscription' ? 'subscribe' : 'resolve'
      const resolve: Resolve = field[entry] ?? defaultFieldResolver
      field[entry] = (source, args, context: ApiContext, info) => {
        if (context.caller?.contactId !== undefined)
          throw new ThroughlineError('FORBIDDEN', `A contact’s token does not reach «${name}.${field.name}».`)
        return resolve(source, args, context, info)
      }
    }
  }
}
