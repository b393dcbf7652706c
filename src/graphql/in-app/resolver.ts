import { Arg, Args, Ctx, Extensions, FieldResolver, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import {
  countUnseenInApp,
  handOver,
  IN_APP_POSITION,
  inAppContact,
  inAppPosition,
  listInApp,
  type ReportInApp,
  reportInApp,
} from '../../services/in-app.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerOrContact } from '../context.ts'
import { idOf } from '../global-id.ts'
import { messageLoader } from '../messages/loaders.ts'
import { Message } from '../messages/types.ts'
import { expected } from '../user-error.ts'
import { contactOf, InAppArgs, placeOf, ReportInAppClickInput, ReportInAppInput } from './inputs.ts'
import { inAppChanges } from './stream.ts'
import { InAppMessage, InAppMessageConnection, InAppMessagePayload } from './types.ts'

function report(context: ApiContext, { id, ...rest }: ReportInApp): Promise<InAppMessagePayload> {
  const caller = callerOrContact(context, 'ingest')
  return expected(async () => {
    const row = await reportInApp(context.services, caller, { id: idOf('InAppMessage', id, ['id']), ...rest })
    return { inAppMessage: row === null ? null : new InAppMessage(row) }
  })
}

@Resolver(() => InAppMessage)
export class InAppResolver {
  @Query(() => InAppMessageConnection, {
    description:
      'What a contact is to be shown in the app: the highest priority first, then the newest. What a contact’s own token is answered is delivered by that; an API key looks without delivering.',
  })
  async inAppMessages(
    @Args(() => PageArgs) page: PageArgs,
    @Args(() => InAppArgs) args: InAppArgs,
    @Ctx() context: ApiContext,
  ): Promise<Page<InAppMessage>> {
    const caller = callerOrContact(context, 'read')
    const contactId = await inAppContact(context.services, caller, contactOf(args))
    const found = await pageOf(
      page,
      (slice) => listInApp(context.services, caller, contactId, placeOf(args), slice),
      inAppPosition,
      (row) => new InAppMessage(row),
      IN_APP_POSITION,
    )
    await handOver(
      context.services,
      caller,
      found.edges.map((edge) => edge.node.row),
    )
    return found
  }

  @Query(() => Int, { description: 'How many of what a contact is to be shown they have not seen, as for a badge.' })
  async inAppUnseenCount(@Args(() => InAppArgs) args: InAppArgs, @Ctx() context: ApiContext): Promise<number> {
    const caller = callerOrContact(context, 'read')
    const contactId = await inAppContact(context.services, caller, contactOf(args))
    return countUnseenInApp(context.services, caller, contactId, placeOf(args))
  }

  @FieldResolver(() => Message, { nullable: true, description: 'What the ledger knows of it.' })
  async message(@Root() shown: InAppMessage, @Ctx() context: ApiContext): Promise<Message | null> {
    const row = await messageLoader(context).load(shown.uuid)
    return row === null ? null : new Message(row)
  }

  @Mutation(() => InAppMessagePayload, {
    description: 'Reports that an in-app message was seen: opened, in the ledger’s terms. Needs the scope INGEST, or the contact’s own token.',
  })
  reportInAppSeen(@Arg('input', () => ReportInAppInput) input: ReportInAppInput, @Ctx() context: ApiContext): Promise<InAppMessagePayload> {
    return report(context, { ...input, what: 'SEEN' })
  }

  @Mutation(() => InAppMessagePayload, {
    description:
      'Reports a click on an in-app message. It goes on showing until it is dismissed or expires. Needs the scope INGEST, or the contact’s own token.',
  })
  reportInAppClicked(
    @Arg('input', () => ReportInAppClickInput) input: ReportInAppClickInput,
    @Ctx() context: ApiContext,
  ): Promise<InAppMessagePayload> {
    return report(context, { ...input, what: 'CLICKED' })
  }

  @Mutation(() => InAppMessagePayload, {
    description:
      'Reports that an in-app message was closed: it is not shown again, on no device of the contact’s. Needs the scope INGEST, or the contact’s own token.',
  })
  reportInAppDismissed(@Arg('input', () => ReportInAppInput) input: ReportInAppInput, @Ctx() context: ApiContext): Promise<InAppMessagePayload> {
    return report(context, { ...input, what: 'DISMISSED' })
  }

  @Extensions({ unshared: true })
  @Subscription(() => InAppMessage, {
    description:
      'In-app messages of a contact as they are sent, changed in place, seen, clicked and dismissed, and first those of the last minute. Subscribe, then query: nothing is missed, and what comes twice has the same `id` and `revision`.',
    subscribe: ({ args, context }: { args: InAppArgs; context: ApiContext }) => inAppChanges(context, contactOf(args), placeOf(args)),
  })
  inAppMessage(@Root() shown: InAppMessage, @Args(() => InAppArgs) _args: InAppArgs): InAppMessage {
    return shown
  }
}
