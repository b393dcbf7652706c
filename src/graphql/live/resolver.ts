import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import { ChannelEnum } from '../channel.ts'
import type { ApiContext } from '../context.ts'
import { Enrollment } from '../enrollments/types.ts'
import { idOf } from '../global-id.ts'
import { Message } from '../messages/types.ts'
import { enrollmentChanges, journeyProgress, messageUpdates } from './streams.ts'
import { JourneyProgress } from './types.ts'

interface Arguments {
  journeyId?: string | null
  contactId?: string | null
  broadcastId?: string | null
  channels?: Channel[] | null
}

const MISSED = 'Who reads slower than things change loses the oldest; `extensions.missed` of the next answer says how many, at least.'

const filterOf = ({ journeyId, contactId }: Arguments) => ({
  journeyId: journeyId == null ? null : idOf('Journey', journeyId, ['journeyId']),
  contactId: contactId == null ? null : idOf('Contact', contactId, ['contactId']),
})

@Resolver()
export class LiveResolver {
  @Subscription(() => Message, {
    description: `Messages as they change: planned, sent, delivered, opened… ${MISSED}`,
    subscribe: ({ args, context }: { args: Arguments; context: ApiContext }) =>
      messageUpdates(context, {
        ...filterOf(args),
        broadcastId: args.broadcastId == null ? null : idOf('Broadcast', args.broadcastId, ['broadcastId']),
        channels: args.channels ?? null,
      }),
  })
  messageUpdated(
    @Root() message: Message,
    @Arg('journeyId', () => ID, { nullable: true, description: 'Only of this journey.' }) _journeyId: string | null,
    @Arg('contactId', () => ID, { nullable: true, description: 'Only to this contact.' }) _contactId: string | null,
    @Arg('broadcastId', () => ID, { nullable: true, description: 'Only of this broadcast.' }) _broadcastId: string | null,
    @Arg('channels', () => [ChannelEnum], { nullable: true, description: 'Only on these.' }) _channels: Channel[] | null,
  ): Message {
    return message
  }

  @Subscription(() => Enrollment, {
    description: `Enrollments as they begin, move and end. ${MISSED}`,
    subscribe: ({ args, context }: { args: Arguments; context: ApiContext }) => enrollmentChanges(context, filterOf(args)),
  })
  enrollmentChanged(
    @Root() enrollment: Enrollment,
    @Arg('journeyId', () => ID, { nullable: true, description: 'Only in this journey.' }) _journeyId: string | null,
    @Arg('contactId', () => ID, { nullable: true, description: 'Only of this contact.' }) _contactId: string | null,
  ): Enrollment {
    return enrollment
  }

  @Subscription(() => JourneyProgress, {
    description: 'A journey’s numbers: at once, then whenever they have changed, at most four times a second.',
    subscribe: ({ args, context }: { args: Arguments; context: ApiContext }) =>
      journeyProgress(context, idOf('Journey', args.journeyId ?? '', ['journeyId'])),
  })
  journeyProgress(
    @Root() progress: JourneyProgress,
    @Arg('journeyId', () => ID, { description: 'The journey.' }) _journeyId: string,
  ): JourneyProgress {
    return progress
  }
}
