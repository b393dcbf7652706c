import { Ctx, Field, ID, InputType, ObjectType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { DevicePolicy } from '../../domain/gate.ts'
import type { MultiConfig } from '../../domain/journey/nodes/multi.ts'
import { ChannelEnum } from '../channel.ts'
import type { ApiContext } from '../context.ts'
import { Node } from '../node.ts'
import { Template } from '../templates/types.ts'
import { DevicePolicyEnum } from './enums.ts'
import { FollowedNode, templateBy } from './message-node.ts'
import { FollowedNodeInput } from './node-inputs.ts'
import { JourneyNode } from './node-types.ts'

const MESSAGES_TEXT = 'One for each channel: at least two, and no channel twice. The gate is asked for each; what one may not have, the others do.'

@InputType({ description: 'What is said on one of several channels.' })
export class ChannelMessageInput {
  @Field(() => ChannelEnum, { description: 'The channel.' })
  channel!: Channel
  @Field(() => ID, { description: 'A template with words for that channel.' })
  templateId!: string
  @Field(() => DevicePolicyEnum, { nullable: true, description: 'PUSH and WEB_PUSH only: to which devices; MOST_RECENT where left out.' })
  devices?: DevicePolicy | null
}

@InputType({ description: 'Says the same thing on several channels at once: one message each, one thing in all that follows from it.' })
export class MultiNodeInput extends FollowedNodeInput {
  @Field(() => [ChannelMessageInput], { description: MESSAGES_TEXT })
  messages!: ChannelMessageInput[]
}

@ObjectType({ description: 'What is said on one of several channels.' })
export class ChannelMessage {
  constructor(private readonly message: MultiConfig['messages'][number]) {}
  @Field(() => ChannelEnum, { description: 'The channel.' })
  get channel(): Channel {
    return this.message.channel
  }
  @Field(() => ID, { description: 'The template’s id, as the author gave it.' })
  get templateId(): string {
    return this.message.templateId
  }
  @Field(() => Template, { nullable: true, description: 'The template; null where nothing goes by the id.' })
  async template(@Ctx() context: ApiContext): Promise<Template | null> {
    return templateBy(this.message.templateId, context)
  }
  @Field(() => DevicePolicyEnum, { nullable: true, description: 'To which of the contact’s devices; the one seen last where null.' })
  get devices(): DevicePolicy | null {
    return this.message.devices ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Says the same thing on several channels at once.' })
export class MultiNode extends FollowedNode<MultiConfig> {
  @Field(() => [ChannelMessage], { nullable: true, description: 'One for each channel.' })
  get messages(): ChannelMessage[] | null {
    // Of the node itself, where a channel has the domain's name; ids are as the API shows them.
    const own = (this.placed.node.config as Partial<MultiConfig>).messages
    return this.settings.messages?.map((each, index) => new ChannelMessage({ ...each, channel: own?.[index]?.channel ?? each.channel })) ?? null
  }
}
