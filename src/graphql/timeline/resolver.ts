import { Arg, Args, Ctx, FieldResolver, ID, Resolver, Root, Subscription } from 'type-graphql'
import { PLACE, type TimelineKind, writePlace } from '../../domain/timeline.ts'
import { listTimeline } from '../../services/timeline.ts'
import { PageArgs, pageOf } from '../connection.ts'
import { contactLoader } from '../contacts/loaders.ts'
import { Contact } from '../contacts/types.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { enrollmentLoader } from '../enrollments/loaders.ts'
import { Enrollment, Visit } from '../enrollments/types.ts'
import { Event } from '../events/types.ts'
import { idOf } from '../global-id.ts'
import { journeyNodeOf } from '../journeys/node-of.ts'
import { JourneyNode } from '../journeys/node-types.ts'
import { messageLoader } from '../messages/loaders.ts'
import { Message, MessageStatusChange } from '../messages/types.ts'
import { contactTimeline } from './stream.ts'
import { Conversion, type Item, TimelineConnection, TimelineItem, TimelineKindEnum, toItem } from './types.ts'

const KINDS = 'Only of these kinds; of all where left out.'

@Resolver(() => Contact)
export class TimelineResolver {
  @FieldResolver(() => TimelineConnection, {
    description:
      'All that was recorded of them, before they were known, too: what they did, what they were sent and what became of it. Newest first.',
  })
  async timeline(
    @Root() contact: Contact,
    @Args(() => PageArgs) args: PageArgs,
    @Arg('kinds', () => [TimelineKindEnum], { nullable: true, description: KINDS }) kinds: TimelineKind[] | null,
    @Ctx() context: ApiContext,
  ): Promise<TimelineConnection> {
    const caller = callerWith(context, 'read')
    const halves = [contact.uuid, ...contact.row.linked]
    const page = await pageOf(
      args,
      (slice) => listTimeline(context.services, caller, halves, kinds ?? null, slice),
      (entry) => writePlace(entry.place),
      (entry) => entry,
      PLACE,
    )
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toItem(node), at: new Date(node.place.at / 1_000) })) }
  }

  @Subscription(() => TimelineItem, {
    description:
      'What is recorded of a contact, as it is: each thing once, in the order of the timeline. A visit is told when it begins, a message when it is planned. Of so much at once that not all can be told, `extensions.missed` of the next answer is above 0; `timeline` has it all.',
    subscribe: ({ args, context }: { args: { contactId: string; kinds?: TimelineKind[] | null }; context: ApiContext }) =>
      contactTimeline(context, idOf('Contact', args.contactId, ['contactId']), args.kinds ?? null),
  })
  contactTimeline(
    @Root() item: Item,
    @Arg('contactId', () => ID, { description: 'The contact; one that was merged is followed as who it was merged into.' }) _contactId: string,
    @Arg('kinds', () => [TimelineKindEnum], { nullable: true, description: KINDS }) _kinds: TimelineKind[] | null,
  ): Item {
    return item
  }
}

@Resolver(() => Event)
export class EventContactResolver {
  @FieldResolver(() => Contact, { description: 'Who did it, whoever they have been merged into since.' })
  async contact(@Root() { row }: Event, @Ctx() context: ApiContext): Promise<Contact | null> {
    const found = await contactLoader(context).load(row.contactId)
    return found === null ? null : new Contact(found)
  }
}

@Resolver(() => Conversion)
export class ConversionResolver {
  @FieldResolver(() => Contact, { description: 'Who reached it.' })
  async contact(@Root() { row }: Conversion, @Ctx() context: ApiContext): Promise<Contact | null> {
    const found = await contactLoader(context).load(row.contactId)
    return found === null ? null : new Contact(found)
  }

  @FieldResolver(() => Enrollment, { description: 'The enrollment it counts for.' })
  async enrollment(@Root() { row }: Conversion, @Ctx() context: ApiContext): Promise<Enrollment | null> {
    const found = await enrollmentLoader(context).load(row.enrollmentId)
    return found === null ? null : new Enrollment(found)
  }
}

@Resolver(() => Visit)
export class VisitResolver {
  @FieldResolver(() => Enrollment, { description: 'The enrollment it is part of.' })
  async enrollment(@Root() visit: Visit, @Ctx() context: ApiContext): Promise<Enrollment | null> {
    const found = await enrollmentLoader(context).load(visit.enrollmentId)
    return found === null ? null : new Enrollment(found)
  }

  @FieldResolver(() => JourneyNode, { nullable: true, description: 'The node, as the enrollment’s version has it.' })
  async journeyNode(@Root() visit: Visit, @Ctx() context: ApiContext): Promise<JourneyNode | null> {
    const found = await enrollmentLoader(context).load(visit.enrollmentId)
    return journeyNodeOf(context, found?.versionId, visit.node)
  }
}

@Resolver(() => MessageStatusChange)
export class StatusChangeResolver {
  @FieldResolver(() => Message, { description: 'The message it is about.' })
  async message(@Root() change: MessageStatusChange, @Ctx() context: ApiContext): Promise<Message | null> {
    const found = await messageLoader(context).load(change.messageId)
    return found === null ? null : new Message(found)
  }
}
