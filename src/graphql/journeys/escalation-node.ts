import { Ctx, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import type { Channel, Purpose } from '../../domain/channel.ts'
import { ENGAGEMENTS, type Engagement, type EscalationConfig } from '../../domain/journey/nodes/escalation.ts'
import { ChannelEnum, PurposeEnum } from '../channel.ts'
import type { ApiContext } from '../context.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DurationScalar } from '../scalars.ts'
import { Template } from '../templates/types.ts'
import { templateBy } from './message-node.ts'
import { JourneyNode, TypedNode } from './node-types.ts'

const EngagementEnum = enumOf(ENGAGEMENTS)
registerEnumType(EngagementEnum, {
  name: 'EngagementLevel',
  description: 'What a person did with a message; each includes what comes after it. Machines do not count.',
  valuesConfig: {
    OPENED: { description: 'Opened or read it, or more.' },
    CLICKED: { description: 'Followed a link, or more.' },
    REPLIED: { description: 'Wrote back.' },
  },
})

const WAIT_TEXT = 'From the provider’s acceptance to the next rung; after the last one, to `exhausted`.'
const ENGAGED_TEXT = 'The least that counts as engagement; OPENED where left out.'

@InputType({ description: 'One step of an escalation.' })
export class RungInput {
  @Field(() => ChannelEnum, { description: 'The channel.' })
  channel!: Channel
  @Field(() => ID, { description: 'A template with words for that channel.' })
  templateId!: string
  @Field(() => DurationScalar, { description: WAIT_TEXT })
  wait!: string
}

@InputType({ description: 'Says the same thing on one channel after the other until the person engages.' })
export class EscalationNodeInput {
  @Field(() => [RungInput], { description: 'In order; at least one, at most ten.' })
  rungs!: RungInput[]
  @Field(() => EngagementEnum, { nullable: true, description: ENGAGED_TEXT })
  engagedBy?: Engagement | null
  @Field(() => ID, { nullable: true, description: 'What it is about, for consent by topic.' })
  topicId?: string | null
  @Field(() => PurposeEnum, { nullable: true, description: 'The journey’s own where left out.' })
  purpose?: Purpose | null
}

@ObjectType({ description: 'One step of an escalation.' })
export class Rung {
  constructor(private readonly rung: EscalationConfig['rungs'][number]) {}
  @Field(() => ChannelEnum, { description: 'The channel.' })
  get channel(): Channel {
    return this.rung.channel
  }
  @Field(() => ID, { description: 'The template’s id, as the author gave it.' })
  get templateId(): string {
    return this.rung.templateId
  }
  @Field(() => DurationScalar, { description: WAIT_TEXT })
  get wait(): string {
    return this.rung.wait
  }
  @Field(() => Template, { nullable: true, description: 'The template; null where nothing goes by the id.' })
  async template(@Ctx() context: ApiContext): Promise<Template | null> {
    return templateBy(this.rung.templateId, context)
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Says the same thing on one channel after the other until the person engages.' })
export class EscalationNode extends TypedNode<EscalationConfig> {
  @Field(() => [Rung], { nullable: true, description: 'In order.' })
  get rungs(): Rung[] | null {
    // Of the node itself, where a channel has the domain's name; ids are as the API shows them.
    const own = (this.placed.node.config as Partial<EscalationConfig>).rungs
    return this.settings.rungs?.map((rung, index) => new Rung({ ...rung, channel: own?.[index]?.channel ?? rung.channel })) ?? null
  }
  @Field(() => EngagementEnum, { nullable: true, description: ENGAGED_TEXT })
  get engagedBy(): Engagement | null {
    return this.settings.engagedBy ?? null
  }
  @Field(() => ID, { nullable: true, description: 'The topic’s id, as the author gave it.' })
  get topicId(): string | null {
    return this.settings.topicId ?? null
  }
  @Field(() => PurposeEnum, { nullable: true, description: 'The journey’s own where null.' })
  get purpose(): Purpose | null {
    return this.settings.purpose ?? null
  }
}
