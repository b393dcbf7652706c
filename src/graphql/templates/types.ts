import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { WhenUnknown } from '../../domain/ledger.ts'
import { channelsOf, type TemplateVariable as Variable, type TemplateVariant as Variant } from '../../domain/template.ts'
import type { TemplateWithVersion } from '../../services/templates.ts'
import { ChannelEnum } from '../channel.ts'
import { connectionOf } from '../connection.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'
import { SmsReckoning } from './sms-reckoning.ts'

export const WhenUnknownEnum = { HOLD: 'HOLD', RESEND: 'RESEND' } as const satisfies Record<WhenUnknown, WhenUnknown>
registerEnumType(WhenUnknownEnum, {
  name: 'WhenUnknown',
  description: 'What to do with a message whose hand-over to the provider stays unknown for ten minutes.',
  valuesConfig: {
    HOLD: { description: 'Leave it: better never than twice. The default.' },
    RESEND: { description: 'Send it once more: better twice than never, as for one-time codes.' },
  },
})

@ObjectType({ description: 'A template in one language, for one channel.' })
export class TemplateVariant {
  @Field(() => String, {
    description: 'BCP 47, such as `en` or `pt-BR`. A contact gets its exact locale, else its language, else the first variant.',
  })
  locale!: string
  @Field(() => ChannelEnum, {
    description: 'The channel it is for; a message takes the variants of its channel, and of these the one for its contact’s locale.',
  })
  channel!: Channel
  @Field(() => JsonObjectScalar, {
    description:
      'What the channel takes, texts as Liquid, in the shape that `contentSchema` tells: email {subject, html or mjml or blocks, theme text preheader replyTo attachments}, sms {body mediaUrls shortenLinks}, whatsapp {category, template {name language header body buttons cards, or sid variables}, session {text media footer buttons list}}, rcs {body suggestions, or card, or carousel, or content}, push {title body imageUrl deepLink actions data collapseKey ttl android ios}, web_push {title body iconUrl imageUrl badgeUrl url actions data topic urgency requireInteraction silent ttl}, in_app {surface title body imageUrl deepLink buttons data key priority target ttl expiresAt}.',
  })
  content!: Variant['content']
}

@ObjectType({ description: 'A value the template reads from `vars`.' })
export class TemplateVariable {
  @Field(() => String, { description: 'Its name under `vars`.' })
  name!: string
  @Field(() => Boolean, {
    description: 'Whether the template makes no sense without it: a message that has neither it nor a default fails as `MISSING_VARIABLE`.',
  })
  required!: boolean
  @Field(() => String, { nullable: true, description: 'Used where the enrollment has none.' })
  default!: Variable['default']
}

@ObjectType({
  implements: Node,
  description: 'What a message says, per language; versions are immutable, and a message uses the one current when it is first sent.',
})
export class Template extends Node {
  constructor(private readonly found: TemplateWithVersion) {
    super('Template', found.template.id)
  }
  @Field(() => String, { description: 'Unique in the workspace.' })
  get name(): string {
    return this.found.template.name
  }
  @Field(() => ChannelEnum, { description: 'Its own channel, which variants are for that name none; never changes.' })
  get channel(): Channel {
    return this.found.template.channel
  }
  @Field(() => [ChannelEnum], { description: 'Every channel it has a variant for, its own first: nodes of any of them may send it.' })
  get channels(): Channel[] {
    return channelsOf(this.found.version.variants, this.channel)
  }
  @Field(() => Int, { description: 'Number of the current version, from 1.' })
  get version(): number {
    return this.found.version.number
  }
  @Field(() => [TemplateVariant], { description: 'One per channel and language, at least one for its own channel.' })
  get variants(): TemplateVariant[] {
    return this.said(this.found.version)
  }
  /** The variants of one of its versions, each with the channel it is for. */
  said({ variants }: TemplateWithVersion['version']): TemplateVariant[] {
    return variants.map(({ locale, channel, content }) => ({ locale, channel: channel ?? this.channel, content }))
  }
  @Field(() => [TemplateVariable], { description: 'What it expects under `vars`.' })
  get variables(): Variable[] {
    return this.found.version.variables
  }
  @Field(() => [String], {
    description: 'Names of the partials it renders, itself or by another; their texts are as they were when this version was saved.',
  })
  get partials(): string[] {
    return Object.keys(this.found.version.partials ?? {}).sort()
  }
  @Field(() => WhenUnknownEnum, { description: 'What to do when a hand-over stays unknown.' })
  get whenUnknown(): WhenUnknown {
    return this.found.version.whenUnknown
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.found.template.createdAt
  }
  @Field(() => DateTimeScalar, { description: 'When its current version was made.' })
  get updatedAt(): Date {
    return this.found.template.updatedAt
  }
}

@ObjectType({ description: 'A template as somebody would get it.' })
export class TemplatePreview {
  @Field(() => JsonObjectScalar, { description: 'What the channel takes, rendered.' })
  content!: JsonObject
  @Field(() => SmsReckoning, { nullable: true, description: 'How the text travels; null on other channels than SMS.' })
  sms!: SmsReckoning | null
}

@ObjectType({ description: 'What became of a template.' })
export class TemplatePayload extends Payload {
  @Field(() => Template, { nullable: true, description: 'null where nothing was done.' })
  template!: Template | null
}

export const TemplateConnection = connectionOf('Template', () => Template)
