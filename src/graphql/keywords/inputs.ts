import { Field, ID, InputType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { KeywordAction } from '../../domain/keywords.ts'
import { ChannelEnum } from '../channel.ts'
import { KeywordActionEnum } from './types.ts'

@InputType({ description: 'An automatic answer in one language.' })
export class KeywordReplyInput {
  @Field(() => String, { description: 'BCP 47, such as `en` or `pt-BR`.' })
  locale!: string
  @Field(() => String, { description: 'Liquid over `contact` and `event`, the text that came: {text, to, keyword}.' })
  text!: string
}

@InputType({ description: 'A keyword rule as it is to be.' })
export class SetKeywordRuleInput {
  @Field(() => ID, { nullable: true, description: 'The rule to change; a new one where left out.' })
  id?: string | null
  @Field(() => ChannelEnum, { description: 'SMS, WHATSAPP or RCS.' })
  channel!: Channel
  @Field(() => KeywordActionEnum, { description: 'What the words do.' })
  action!: KeywordAction
  @Field(() => [String], {
    defaultValue: [],
    description: 'Up to 50, each in one rule of the channel; empty to answer the built-in words. STOP, START and their like are nobody’s own.',
  })
  keywords!: string[]
  @Field(() => [KeywordReplyInput], { defaultValue: [], description: 'One per language; none to say nothing.' })
  replies!: KeywordReplyInput[]
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'A keyword rule to remove.' })
export class RemoveKeywordRuleInput {
  @Field(() => ID, { description: 'The rule.' })
  id!: string
}
