import { Field, ID, InputType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { WhenUnknown } from '../../domain/ledger.ts'
import { ChannelEnum } from '../channel.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { WhenUnknownEnum } from './types.ts'

@InputType({ description: 'A template in one language, for one channel.' })
export class TemplateVariantInput {
  @Field(() => String, { description: 'BCP 47, such as `en` or `pt-BR`.' })
  locale!: string
  @Field(() => ChannelEnum, { nullable: true, description: 'The template’s own where left out.' })
  channel?: Channel | null
  @Field(() => JsonObjectScalar, {
    description: 'What the channel takes, texts as Liquid over `contact`, `event`, `vars` and `key`; see Template.variants.',
  })
  content!: JsonObject
}

@InputType({ description: 'A value the template reads from `vars`.' })
export class TemplateVariableInput {
  @Field(() => String, { description: 'Its name under `vars`.' })
  name!: string
  @Field(() => Boolean, { defaultValue: false, description: 'Whether the template makes no sense without it.' })
  required!: boolean
  @Field(() => String, { nullable: true, description: 'Used where the enrollment has none.' })
  default?: string | null
}

@InputType({ description: 'A new template.' })
export class CreateTemplateInput {
  @Field(() => String, { description: 'Unique in the workspace; 1 to 200 characters.' })
  name!: string
  @Field(() => ChannelEnum, { description: 'The channel that variants are for which name none.' })
  channel!: Channel
  @Field(() => [TemplateVariantInput], { description: 'One per channel and language, at least one for its own channel.' })
  variants!: TemplateVariantInput[]
  @Field(() => [TemplateVariableInput], { nullable: true, description: 'What it expects under `vars`.' })
  variables?: TemplateVariableInput[] | null
  @Field(() => WhenUnknownEnum, { nullable: true, description: 'HOLD where left out.' })
  whenUnknown?: WhenUnknown | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'The next version of a template; what is left out of a version is empty in it.' })
export class UpdateTemplateInput {
  @Field(() => ID, { description: 'The template.' })
  id!: string
  @Field(() => String, { nullable: true, description: 'Its name, where it is to change.' })
  name?: string | null
  @Field(() => [TemplateVariantInput], {
    description: 'One per channel and language, and at least one for every channel that it has variants for already.',
  })
  variants!: TemplateVariantInput[]
  @Field(() => [TemplateVariableInput], { nullable: true, description: 'What it expects under `vars`.' })
  variables?: TemplateVariableInput[] | null
  @Field(() => WhenUnknownEnum, { nullable: true, description: 'HOLD where left out.' })
  whenUnknown?: WhenUnknown | null
}
