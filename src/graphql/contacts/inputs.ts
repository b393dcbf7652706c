import { Field, ID, InputType } from 'type-graphql'
import type { Channel, ConsentState } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { ChannelEnum } from '../channel.ts'
import { ContactRef } from '../contact-ref.ts'
import { ConditionScalar } from '../journeys/scalars.ts'
import { JsonObjectScalar, TimeZoneScalar } from '../scalars.ts'
import { ConsentStateEnum } from './types.ts'

@InputType({ description: 'Which contacts; all of it must hold.' })
export class ContactFilter {
  @Field(() => ConditionScalar, {
    nullable: true,
    description:
      'Those it holds for: tags, attributes (`$externalId` is one), events, consent, where they are reached; without members that only make sense inside a journey. A fault is INVALID_INPUT whose `field` leads to it; what takes longer than three seconds LIMIT_EXCEEDED.',
  })
  matching?: unknown
  @Field(() => String, {
    nullable: true,
    description:
      'Whoever registered this address last: an email address, or a phone number in international form (E.164), whole. Addresses are encrypted and not searched by their parts.',
  })
  address?: string | null
}

const KEY = 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.'

@InputType({ description: 'A contact as it is to be; what is left out stays.' })
export class UpsertContactInput {
  @Field(() => ContactRef, { description: 'Whom. An unknown externalId or anonymousId becomes a contact.' })
  contact!: ContactRef
  @Field(() => JsonObjectScalar, { nullable: true, description: 'Merged into those there are, key by key; at most 65,536 characters of JSON.' })
  attributes?: JsonObject | null
  @Field(() => Boolean, { nullable: true, description: 'Removes attributes that are not given, instead of leaving them.' })
  replaceAttributes?: boolean | null
  @Field(() => [String], { nullable: true, description: 'Replaces all tags.' })
  tags?: string[] | null
  @Field(() => String, { nullable: true, description: 'BCP 47, such as `pt-BR`; null removes it.' })
  locale?: string | null
  @Field(() => TimeZoneScalar, { nullable: true, description: 'null removes it.' })
  timeZone?: string | null
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}

@InputType({ description: 'Who an anonymous contact turned out to be.' })
export class IdentifyContactInput {
  @Field(() => String, { description: 'The anonymous id used so far.' })
  anonymousId!: string
  @Field(() => String, { description: 'Your own id of them.' })
  externalId!: string
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}

@InputType({ description: 'An address of a contact.' })
export class AddIdentityInput {
  @Field(() => ContactRef, { description: 'Whose. An unknown externalId or anonymousId becomes a contact.' })
  contact!: ContactRef
  @Field(() => ChannelEnum, { description: 'The channel it is for.' })
  channel!: Channel
  @Field(() => String, {
    description: 'An email address, a phone number in international form, a device token, or a browser’s PushSubscription as JSON.',
  })
  address!: string
  @Field(() => String, { nullable: true, description: 'Push only: `android`, `ios` or `web`.' })
  platform?: string | null
  @Field(() => ID, {
    nullable: true,
    description: 'An address of the same contact and channel that this one takes the place of, as when a device’s token is renewed.',
  })
  replaces?: string | null
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}

@InputType({ description: 'An address to forget.' })
export class RemoveIdentityInput {
  @Field(() => ID, { description: 'The address.' })
  id!: string
}

@InputType({ description: 'Something said to being written to.' })
export class SetConsentInput {
  @Field(() => ContactRef, { description: 'By whom. An unknown externalId or anonymousId becomes a contact.' })
  contact!: ContactRef
  @Field(() => ChannelEnum, { nullable: true, description: 'Every channel where left out.' })
  channel?: Channel | null
  @Field(() => ID, { nullable: true, description: 'Every topic where left out.' })
  topicId?: string | null
  @Field(() => ConsentStateEnum, { description: 'What they said.' })
  state!: ConsentState
  @Field(() => String, { description: 'What they were told it is for; 1 to 200 characters.' })
  purpose!: string
  @Field(() => String, { description: 'Where they said it: a form, a call, an import; 1 to 200 characters.' })
  source!: string
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}
