import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { createTopic, deleteTopic, listTopics, updateTopic } from '../../services/topics.ts'
import { type ApiContext, callerOrContact, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { CreateTopicInput, DeleteTopicInput, UpdateTopicInput } from './inputs.ts'
import { Topic, TopicPayload } from './types.ts'

@Resolver()
export class TopicResolver {
  @Query(() => [Topic], { description: 'Every topic of the workspace, by name.' })
  async topics(@Ctx() context: ApiContext): Promise<Topic[]> {
    return (await listTopics(context.services, callerOrContact(context, 'read'))).map((row) => new Topic(row))
  }

  @Mutation(() => TopicPayload, { description: 'Adds a topic. Needs the scope WRITE.' })
  createTopic(@Arg('input', () => CreateTopicInput) input: CreateTopicInput, @Ctx() context: ApiContext): Promise<TopicPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({ topic: new Topic(await createTopic(context.services, caller, input)) }))
  }

  @Mutation(() => TopicPayload, { description: 'Changes a topic. Needs the scope WRITE.' })
  updateTopic(@Arg('input', () => UpdateTopicInput) input: UpdateTopicInput, @Ctx() context: ApiContext): Promise<TopicPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({
      topic: new Topic(await updateTopic(context.services, caller, { ...input, id: idOf('Topic', input.id, ['id']) })),
    }))
  }

  @Mutation(() => TopicPayload, {
    description:
      'Ends a topic; what people said to it stays on record, and its name is free. CONFLICT while a live or paused journey, or a broadcast under way, uses it. Needs the scope WRITE.',
  })
  deleteTopic(@Arg('input', () => DeleteTopicInput) input: DeleteTopicInput, @Ctx() context: ApiContext): Promise<TopicPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({ topic: new Topic(await deleteTopic(context.services, caller, idOf('Topic', input.id, ['id']))) }))
  }
}
