import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Channel, Purpose } from '../../domain/channel.ts'
import { DELIVERY_STATUSES, FAILURE_CLASSES } from '../../domain/delivery.ts'
import type { messagesByIds, statusesOf } from '../../services/messages.ts'
import { ChannelEnum, PurposeEnum } from '../channel.ts'
import { connectionOf } from '../connection.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, DecimalScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

export type MessageEntry = NonNullable<ReturnType<Awaited<ReturnType<typeof messagesByIds>>['get']>>
export type StatusEntry = NonNullable<ReturnType<Awaited<ReturnType<typeof statusesOf>>['get']>>[number]

export const DeliveryStatusEnum = enumOf(DELIVERY_STATUSES)
registerEnumType(DeliveryStatusEnum, {
  name: 'DeliveryStatus',
  description: 'Where a message stands on its way; engagement is told apart.',
  valuesConfig: {
    PLANNED: { description: 'Wanted, and about to be dispatched.' },
    DEFERRED: { description: 'Waits: for a retry, or for its journey to be resumed.' },
    DISPATCHING: { description: 'Being handed to the provider.' },
    SENT: { description: 'Accepted by the provider.' },
    DELIVERED: { description: 'Arrived.' },
    FAILED: { description: 'Refused for good.' },
    BOUNCED: { description: 'Returned by the recipient’s side.' },
    SUPPRESSED: { description: 'Held back by the gate; `failure` says why.' },
    CANCELLED: { description: 'Called off before it was dispatched.' },
    UNKNOWN: { description: 'Handed over without an answer: perhaps sent. Never sent again blindly.' },
  },
})

export const EngagementEnum = enumOf(['OPENED', 'CLICKED', 'REPLIED'])
registerEnumType(EngagementEnum, {
  name: 'Engagement',
  description: 'What a person did with a message.',
  valuesConfig: {
    OPENED: { description: 'Opened or read it.' },
    CLICKED: { description: 'Clicked in it.' },
    REPLIED: { description: 'Answered it.' },
  },
})

export const FailureClassEnum = enumOf(FAILURE_CLASSES)
registerEnumType(FailureClassEnum, {
  name: 'FailureClass',
  description: 'What a failure means for another attempt.',
  valuesConfig: {
    RETRYABLE: { description: 'Certainly nothing happened; it is tried again.' },
    PERMANENT: { description: 'It will never work.' },
    AMBIGUOUS: { description: 'It may have been sent.' },
  },
})

@ObjectType({ description: 'Why a message is not, or not yet, sent.' })
export class MessageFailure {
  @Field(() => String, { description: 'The provider’s code, or the gate’s reason.' })
  code!: string
  @Field(() => String, { description: 'For people; addresses taken out.' })
  message!: string
  @Field(() => FailureClassEnum, { description: 'What it means for another attempt.' })
  class!: string
}

@ObjectType({ description: 'One line of a message’s history.' })
export class MessageStatusChange {
  /** For the resolver of `message`. */
  messageId!: string
  @Field(() => String, { description: 'What was reported.' })
  status!: string
  @Field(() => DateTimeScalar, { description: 'When, by the clock of whoever reported it.' })
  at!: Date
  @Field(() => Boolean, { nullable: true, description: 'For opens and clicks: whether by a person.' })
  human!: boolean | null
  @Field(() => JsonObjectScalar, { nullable: true, description: 'Codes and links.' })
  detail!: StatusEntry['detail']
}

@ObjectType({ implements: Node, description: 'One message to one contact, and what became of it.' })
export class Message extends Node {
  constructor(readonly row: MessageEntry) {
    super('Message', row.id)
  }
  @Field(() => ChannelEnum, { description: 'Its channel.' })
  get channel(): Channel {
    return this.row.channel
  }
  @Field(() => String, {
    nullable: true,
    description: 'The provider it went to; null before it is dispatched, and in the app, where there is none between.',
  })
  get provider(): string | null {
    return this.row.provider ?? null
  }
  @Field(() => PurposeEnum, { description: 'What it is for.' })
  get purpose(): Purpose {
    return this.row.purpose
  }
  @Field(() => DeliveryStatusEnum, { description: 'Where it stands.' })
  get status(): string {
    return this.row.status
  }
  @Field(() => [EngagementEnum], { description: 'What the person did with it; machines do not count.' })
  get engagement(): string[] {
    const { openedAt, clickedAt, repliedAt } = this.row
    return [openedAt == null ? [] : ['OPENED'], clickedAt == null ? [] : ['CLICKED'], repliedAt == null ? [] : ['REPLIED']].flat()
  }
  @Field(() => MessageFailure, { nullable: true, description: 'Why it is not, or not yet, sent.' })
  get failure(): MessageFailure | null {
    const { failureCode, failureClass, failureMessage } = this.row
    return failureCode == null ? null : { code: failureCode, message: failureMessage ?? '', class: failureClass ?? 'PERMANENT' }
  }
  @Field(() => String, { nullable: true, description: 'Key of the node that sent it.' })
  get nodeKey(): string | null {
    return this.row.node ?? null
  }
  @Field(() => Int, { nullable: true, description: 'Which version of its template it is in the words of; null before it is rendered.' })
  get templateVersion(): number | null {
    return this.row.templateVersion ?? null
  }
  @Field(() => Int, { description: 'Requests made for it so far.' })
  get attempt(): number {
    return this.row.attempt
  }
  @Field(() => DecimalScalar, { nullable: true, description: 'What the provider charged, where it tells.' })
  get cost(): string | null {
    return this.row.cost ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was wanted.' })
  get plannedAt(): Date {
    return this.row.plannedAt
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the provider accepted it.' })
  get sentAt(): Date | null {
    return this.row.sentAt ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it arrived.' })
  get deliveredAt(): Date | null {
    return this.row.deliveredAt ?? null
  }
}

@ObjectType({ description: 'What became of a report.' })
export class MessagePayload extends Payload {
  @Field(() => Message, { nullable: true, description: 'The message as it was when the report was taken; null where it was not.' })
  message!: Message | null
}

@ObjectType({ description: 'What became of a request to send.' })
export class SendMessagePayload extends Payload {
  @Field(() => ID, {
    nullable: true,
    description:
      'The id the message has once the ring has planned it, within milliseconds; null where it was not taken. `message(id)` tells what became of it. Of several, to several devices, it is that of the one seen last.',
  })
  messageId!: string | null
}

export const MessageConnection = connectionOf('Message', () => Message)
