import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import type { Condition } from '../../domain/condition/condition.ts'
import { cancelBroadcast, createBroadcast, listBroadcasts, pauseBroadcast, resumeBroadcast } from '../../services/broadcasts.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { toReference } from '../contact-ref.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf, tryIdOf } from '../global-id.ts'
import { inward } from '../journeys/mapping.ts'
import { templateLoader } from '../templates/loaders.ts'
import { Template } from '../templates/types.ts'
import { topicLoader } from '../topics/loaders.ts'
import { Topic } from '../topics/types.ts'
import { expected } from '../user-error.ts'
import { BroadcastInput, CreateBroadcastInput } from './inputs.ts'
import { broadcastLoader, progressLoader } from './loaders.ts'
import { broadcastChanges } from './stream.ts'
import { Broadcast, BroadcastConnection, BroadcastPayload, BroadcastProgress } from './types.ts'

const input = () => BroadcastInput

@Resolver(() => Broadcast)
export class BroadcastResolver {
  @Query(() => Broadcast, { nullable: true, description: 'One broadcast; null where there is none.' })
  async broadcast(@Arg('id', () => ID, { description: 'The broadcast.' }) id: string, @Ctx() context: ApiContext): Promise<Broadcast | null> {
    callerWith(context, 'read')
    const found = tryIdOf('Broadcast', id)
    return found === null ? null : broadcastLoader(context).load(found)
  }

  @Query(() => BroadcastConnection, { description: 'Broadcasts, newest first.' })
  broadcasts(@Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<Broadcast>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listBroadcasts(context.services, caller, slice),
      (row) => row.id,
      (row) => new Broadcast(row),
    )
  }

  @FieldResolver(() => Template, { nullable: true, description: 'What is sent.' })
  async template(@Root() broadcast: Broadcast, @Ctx() context: ApiContext): Promise<Template | null> {
    const found = await templateLoader(context).load(broadcast.row.templateId)
    return found === null ? null : new Template(found)
  }

  @FieldResolver(() => Topic, { nullable: true, description: 'What it is about, for consent by topic; null where that is nothing in particular.' })
  topic(@Root() broadcast: Broadcast, @Ctx() context: ApiContext): Promise<Topic | null> {
    return broadcast.row.topicId == null ? Promise.resolve(null) : topicLoader(context).load(broadcast.row.topicId)
  }

  @FieldResolver(() => BroadcastProgress, { description: 'How its messages stand.' })
  async progress(@Root() broadcast: Broadcast, @Ctx() context: ApiContext): Promise<BroadcastProgress> {
    return new BroadcastProgress(await progressLoader(context).load(broadcast.uuid), broadcast.row.handed)
  }

  @Mutation(() => BroadcastPayload, {
    description:
      'Sends one message to everybody a condition holds for, or to a list of contacts, at a steady pace, each through the same gate as every other. Needs the scope WRITE.',
  })
  createBroadcast(@Arg('input', () => CreateBroadcastInput) asked: CreateBroadcastInput, @Ctx() context: ApiContext): Promise<BroadcastPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const templateId = idOf('Template', asked.templateId, ['templateId'])
      const topicId = asked.topicId == null ? null : idOf('Topic', asked.topicId, ['topicId'])
      const audience = asked.audience == null ? null : (inward(asked.audience as object) as unknown as Condition)
      const contacts = asked.contacts?.map(toReference)
      const id = await createBroadcast(context.services, caller, { ...asked, templateId, topicId, audience, contacts, vars: asked.variables })
      return { broadcast: await broadcastLoader(context).load(id) }
    })
  }

  @Subscription(() => Broadcast, {
    description: 'A broadcast: at once, then whenever it or one of its messages has changed, at most four times a second.',
    subscribe: ({ args, context }: { args: { id: string }; context: ApiContext }) => broadcastChanges(context, idOf('Broadcast', args.id, ['id'])),
  })
  broadcastChanged(@Root() broadcast: Broadcast, @Arg('id', () => ID, { description: 'The broadcast.' }) _id: string): Broadcast {
    return broadcast
  }

  @Mutation(() => BroadcastPayload, { description: 'Hands it over no further; what was handed over goes on. Needs the scope WRITE.' })
  pauseBroadcast(@Arg('input', input) { id }: BroadcastInput, @Ctx() context: ApiContext): Promise<BroadcastPayload> {
    return moved(context, id, pauseBroadcast)
  }

  @Mutation(() => BroadcastPayload, { description: 'Goes on where it was paused. Needs the scope WRITE.' })
  resumeBroadcast(@Arg('input', input) { id }: BroadcastInput, @Ctx() context: ApiContext): Promise<BroadcastPayload> {
    return moved(context, id, resumeBroadcast)
  }

  @Mutation(() => BroadcastPayload, { description: 'Ends it for good; what is queued and has not left never does. Needs the scope WRITE.' })
  cancelBroadcast(@Arg('input', input) { id }: BroadcastInput, @Ctx() context: ApiContext): Promise<BroadcastPayload> {
    return moved(context, id, cancelBroadcast)
  }
}

function moved(context: ApiContext, globalId: string, move: typeof pauseBroadcast): Promise<BroadcastPayload> {
  const caller = callerWith(context, 'write')
  return expected(async () => {
    const id = idOf('Broadcast', globalId, ['id'])
    await move(context.services, caller, id)
    return { broadcast: await broadcastLoader(context).load(id) }
  })
}
