import { Field, ID, InputType, registerEnumType } from 'type-graphql'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { DevicePolicy } from '../../domain/gate.ts'
import type { JsonObject } from '../../domain/json.ts'
import { ChannelEnum, PurposeEnum } from '../channel.ts'
import { ContactRef } from '../contact-ref.ts'
import { DevicePolicyEnum } from '../journeys/enums.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'

export const ReportableEnum = { DELIVERED: 'DELIVERED', OPENED: 'OPENED', CLICKED: 'CLICKED' } as const
registerEnumType(ReportableEnum, {
  name: 'ReportableStatus',
  description: 'What an app may report of a push.',
  valuesConfig: {
    DELIVERED: { description: 'It arrived on the device.' },
    OPENED: { description: 'The person opened it.' },
    CLICKED: { description: 'The person followed its link or an action.' },
  },
})

@InputType({ description: 'What an app saw happen to a message; FCM itself reports nothing after accepting one.' })
export class ReportMessageInput {
  @Field(() => ID, { description: 'The message, or what came with it as `throughline_message`.' })
  id!: string
  @Field(() => ReportableEnum, { description: 'What happened.' })
  status!: 'DELIVERED' | 'OPENED' | 'CLICKED'
  @Field(() => DateTimeScalar, { nullable: true, description: 'When; now where left out.' })
  at?: Date | null
}

/** What is said alike of a message to one contact and to many, outside any journey. In the schema only as part of those. */
@InputType()
export abstract class DirectMessageInput {
  @Field(() => ChannelEnum, {
    nullable: true,
    description: 'On which of the template’s channels; its own where left out. One it has no variant for is an error at `channel`.',
  })
  channel?: Channel | null
  @Field(() => DevicePolicyEnum, {
    nullable: true,
    description: 'PUSH and WEB_PUSH only: to which devices; MOST_RECENT where left out. Each gets a message of its own.',
  })
  devices?: DevicePolicy | null
  @Field(() => ID, { nullable: true, description: 'What it is about, for consent by topic.' })
  topicId?: string | null
}

@InputType({ description: 'One message to one contact, outside any journey.' })
export class SendMessageInput extends DirectMessageInput {
  @Field(() => ContactRef, { description: 'To whom. The contact must exist.' })
  contact!: ContactRef
  @Field(() => ID, { description: 'What is sent.' })
  templateId!: string
  @Field(() => PurposeEnum, { nullable: true, description: 'TRANSACTIONAL where left out.' })
  purpose?: Purpose | null
  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'Values of the template’s variables, under their own names and under `vars`; at most 32,768 characters of JSON.',
  })
  variables?: JsonObject | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key sends nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}
