import { Ctx, Field, ID, InterfaceType, ObjectType } from 'type-graphql'
import type { FollowedConfig, MessageConfig } from '../../domain/journey/nodes/message.ts'
import { PurposeEnum } from '../channel.ts'
import type { ApiContext } from '../context.ts'
import { tryIdOf } from '../global-id.ts'
import { Node } from '../node.ts'
import { DurationScalar } from '../scalars.ts'
import { templateLoader } from '../templates/loaders.ts'
import { Template } from '../templates/types.ts'
import { topicLoader } from '../topics/loaders.ts'
import { Topic } from '../topics/types.ts'
import { FollowUpStatusEnum } from './enums.ts'
import { JourneyNode, TypedNode } from './node-types.ts'

@ObjectType({ description: 'Leaves a message node by the port of a status.' })
export class FollowUp {
  @Field(() => FollowUpStatusEnum, { description: 'The status.' })
  on!: string
  @Field(() => DurationScalar, { nullable: true, description: 'Wait from reaching it; for IGNORED the window itself.' })
  after?: string | null
}

@ObjectType({ description: 'Not twice with the same value.' })
export class Dedupe {
  @Field(() => String, { description: 'Path of the value.' })
  key!: string
  @Field(() => DurationScalar, { description: 'For how long.' })
  window!: string
}

/** What nodes of one message and of several say in the same words. In the schema only as part of those. */
@InterfaceType()
export abstract class FollowedNode<Config extends FollowedConfig> extends TypedNode<Config> {
  @Field(() => ID, { nullable: true, description: 'The topic’s id, as the author gave it.' })
  get topicId(): string | null {
    return this.settings.topicId ?? null
  }
  @Field(() => Topic, { nullable: true, description: 'What it is about; null where nothing goes by the id.' })
  async topic(@Ctx() context: ApiContext): Promise<Topic | null> {
    const id = tryIdOf('Topic', this.settings.topicId ?? '')
    return id === null ? null : topicLoader(context).load(id)
  }
  @Field(() => PurposeEnum, { nullable: true, description: 'The journey’s own where null.' })
  get purpose(): string | null {
    return this.settings.purpose ?? null
  }
  @Field(() => [FollowUp], { nullable: true, description: 'What to do about what becomes of it.' })
  get followUps(): FollowUp[] | null {
    return this.settings.followUps ?? null
  }
  @Field(() => DurationScalar, { nullable: true, description: 'Leaves by `next` this long after acceptance.' })
  get nextAfter(): string | null {
    return this.settings.nextAfter ?? null
  }
  @Field(() => Dedupe, { nullable: true, description: 'De-duplication by a value.' })
  get dedupe(): Dedupe | null {
    return this.settings.dedupe ?? null
  }
}

/** The template that goes by the id an author gave, if any does. */
export async function templateBy(given: string | undefined, context: ApiContext): Promise<Template | null> {
  const id = tryIdOf('Template', given ?? '')
  const found = id === null ? null : await templateLoader(context).load(id)
  return found === null ? null : new Template(found)
}

@InterfaceType({
  implements: [JourneyNode, Node],
  description: 'A node that sends one message on its channel.',
  resolveType: (value: JourneyNode) => value.typeName,
})
export abstract class MessageNode extends FollowedNode<MessageConfig> {
  @Field(() => ID, { nullable: true, description: 'The template’s id, as the author gave it.' })
  get templateId(): string | null {
    return this.settings.templateId ?? null
  }
  @Field(() => Template, { nullable: true, description: 'The template; null where nothing goes by the id.' })
  async template(@Ctx() context: ApiContext): Promise<Template | null> {
    return templateBy(this.settings.templateId, context)
  }
}
