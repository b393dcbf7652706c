import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { createTopic, listTopics } from '../../services/topics.ts'
import { type ApiContext, callerOrContact, callerWith } from '../context.ts'
import { expected } from '../user-error.ts'
import { CreateTopicInput } from './inputs.ts'
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
}
