import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { DeliveryStatus } from '../../domain/delivery.ts'
import { isLanedId } from '../../domain/ids.ts'
import { listMessages, reportMessage } from '../../services/messages.ts'
import { sendMessage } from '../../services/sends.ts'
import { broadcastLoader } from '../broadcasts/loaders.ts'
import { Broadcast } from '../broadcasts/types.ts'
import { ChannelEnum } from '../channel.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { connectionLoader } from '../connections/loaders.ts'
import { ProviderConnection } from '../connections/types.ts'
import { soundReference } from '../contact-ref.ts'
import { addressLoader, contactLoader } from '../contacts/loaders.ts'
import { ChannelIdentity, Contact } from '../contacts/types.ts'
import { type ApiContext, callerOrContact, callerWith } from '../context.ts'
import { enrollmentLoader } from '../enrollments/loaders.ts'
import { Enrollment } from '../enrollments/types.ts'
import { idOf, toGlobalId, tryIdOf } from '../global-id.ts'
import { journeyNodeOf } from '../journeys/node-of.ts'
import { JourneyNode } from '../journeys/node-types.ts'
import { templateLoader } from '../templates/loaders.ts'
import { Template } from '../templates/types.ts'
import { expected } from '../user-error.ts'
import { ReportMessageInput, SendMessageInput } from './inputs.ts'
import { messageLoader, statusLoader } from './loaders.ts'
import { DeliveryStatusEnum, Message, MessageConnection, MessagePayload, MessageStatusChange, SendMessagePayload } from './types.ts'

@Resolver(() => Message)
export class MessageResolver {
  @Query(() => Message, { nullable: true, description: 'One message; null where there is none.' })
  async message(@Arg('id', () => ID, { description: 'The message.' }) id: string, @Ctx() context: ApiContext): Promise<Message | null> {
    callerWith(context, 'read')
    const found = tryIdOf('Message', id)
    const row = found === null ? null : await messageLoader(context).load(found)
    return row === null ? null : new Message(row)
  }

  @Query(() => MessageConnection, { description: 'Messages, newest first.' })
  messages(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('journeyId', () => ID, { nullable: true, description: 'Only of this journey.' }) journeyId: string | null,
    @Arg('contactId', () => ID, { nullable: true, description: 'Only to this contact.' }) contactId: string | null,
    @Arg('enrollmentId', () => ID, { nullable: true, description: 'Only of this enrollment.' }) enrollmentId: string | null,
    @Arg('broadcastId', () => ID, { nullable: true, description: 'Only of this broadcast.' }) broadcastId: string | null,
    @Arg('channels', () => [ChannelEnum], { nullable: true, description: 'Only on these.' }) channels: Channel[] | null,
    @Arg('status', () => [DeliveryStatusEnum], { nullable: true, description: 'Only in these.' }) status: DeliveryStatus[] | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Message>> {
    const caller = callerWith(context, 'read')
    const which = {
      journeyId: journeyId == null ? null : idOf('Journey', journeyId, ['journeyId']),
      contactId: contactId == null ? null : idOf('Contact', contactId, ['contactId']),
      enrollmentId: enrollmentId == null ? null : idOf('Enrollment', enrollmentId, ['enrollmentId']),
      broadcastId: broadcastId == null ? null : idOf('Broadcast', broadcastId, ['broadcastId']),
      channels: channels ?? null,
      status: status ?? null,
    }
    return pageOf(
      args,
      (slice) => listMessages(context.services, caller, { ...which, ...slice }),
      (row) => row.id,
      (row) => new Message(row),
    )
  }

  @FieldResolver(() => Contact, { description: 'Whom it is to.' })
  async contact(@Root() message: Message, @Ctx() context: ApiContext): Promise<Contact | null> {
    const row = await contactLoader(context).load(message.row.contactId)
    return row === null ? null : new Contact(row)
  }

  @FieldResolver(() => ChannelIdentity, {
    nullable: true,
    description: 'The address it goes to; null where there is none, as in the app, and where it was removed since.',
  })
  async identity(@Root() { row }: Message, @Ctx() context: ApiContext): Promise<ChannelIdentity | null> {
    const found = row.identityId == null ? null : await addressLoader(context).load(row.identityId)
    return found === null ? null : new ChannelIdentity(found)
  }

  @FieldResolver(() => JourneyNode, { nullable: true, description: 'The node that sent it, as its version has it; null outside journeys.' })
  journeyNode(@Root() { row }: Message, @Ctx() context: ApiContext): Promise<JourneyNode | null> {
    return journeyNodeOf(context, row.versionId, row.node)
  }

  @FieldResolver(() => Template, { nullable: true, description: 'Whose words it is in, as they are now; `templateVersion` says which it took.' })
  async template(@Root() message: Message, @Ctx() context: ApiContext): Promise<Template | null> {
    const found = await templateLoader(context).load(message.row.templateId)
    return found === null ? null : new Template(found)
  }

  @FieldResolver(() => Enrollment, { nullable: true, description: 'The enrollment it is part of; null outside journeys.' })
  async enrollment(@Root() message: Message, @Ctx() context: ApiContext): Promise<Enrollment | null> {
    const row = message.row.enrollmentId == null ? null : await enrollmentLoader(context).load(message.row.enrollmentId)
    return row === null ? null : new Enrollment(row)
  }

  @FieldResolver(() => Broadcast, { nullable: true, description: 'The broadcast it is part of; null for every other.' })
  async broadcast(@Root() message: Message, @Ctx() context: ApiContext): Promise<Broadcast | null> {
    return message.row.broadcastId == null ? null : broadcastLoader(context).load(message.row.broadcastId)
  }

  @FieldResolver(() => ProviderConnection, {
    nullable: true,
    description: 'What it went through, or was last tried with; null before it is dispatched, and in the app.',
  })
  async connection(@Root() message: Message, @Ctx() context: ApiContext): Promise<ProviderConnection | null> {
    return message.row.connectionId == null ? null : connectionLoader(context).load(message.row.connectionId)
  }

  @FieldResolver(() => [MessageStatusChange], { description: 'Everything that was reported of it, in the order it arrived.' })
  async statuses(@Root() message: Message, @Ctx() context: ApiContext): Promise<MessageStatusChange[]> {
    const rows = await statusLoader(context).load(message.uuid)
    return rows.map((row) => ({ messageId: message.uuid, status: row.status, at: row.at, human: row.human ?? null, detail: row.detail ?? null }))
  }

  @Mutation(() => SendMessagePayload, {
    description: 'Sends one message outside any journey, through the same gate and ledger as every other. Needs the scope WRITE.',
  })
  sendMessage(@Arg('input', () => SendMessageInput) input: SendMessageInput, @Ctx() context: ApiContext): Promise<SendMessagePayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const topicId = input.topicId == null ? null : idOf('Topic', input.topicId, ['topicId'])
      const asked = { ...input, contact: soundReference(input.contact), templateId: idOf('Template', input.templateId, ['templateId']), topicId }
      return { messageId: toGlobalId('Message', await sendMessage(context.services, caller, { ...asked, vars: input.variables })) }
    })
  }

  @Mutation(() => MessagePayload, { description: 'Reports what an app saw happen to a message. Needs the scope INGEST, or the contact’s own token.' })
  reportMessage(@Arg('input', () => ReportMessageInput) input: ReportMessageInput, @Ctx() context: ApiContext): Promise<MessagePayload> {
    const caller = callerOrContact(context, 'ingest')
    return expected(async () => {
      // A push carries the bare one, as its adapter knows no other.
      const id = isLanedId(input.id) ? input.id : idOf('Message', input.id, ['id'])
      return { message: new Message(await reportMessage(context.services, caller, { ...input, id })) }
    })
  }
}
