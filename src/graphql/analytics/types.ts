import { Field, Float, InputType, Int, ObjectType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { ChannelNumbers } from '../../services/analytics.ts'
import { ChannelEnum } from '../channel.ts'
import { DateTimeScalar, DecimalScalar, DurationScalar } from '../scalars.ts'

@InputType({ description: 'Whole hours: `from` inclusive, `to` exclusive.' })
export class DateRange {
  @Field(() => DateTimeScalar, { description: 'From this hour.' })
  from!: Date
  @Field(() => DateTimeScalar, { description: 'Up to this hour.' })
  to!: Date
}

/** Milliseconds as ISO 8601. */
export const toDuration = (millis: number): string => `PT${Math.round(millis) / 1000}S`
const rate = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

@ObjectType({ description: 'What became of the messages of one channel. Exact at commit; engagement is of people, not machines.' })
export class ChannelStats {
  constructor(
    readonly channel: Channel | null,
    private readonly numbers: ChannelNumbers,
  ) {}
  @Field(() => ChannelEnum, {
    name: 'channel',
    nullable: true,
    description: 'The channel; null where it sums up a node that may send on several.',
  })
  get channelName(): Channel | null {
    return this.channel
  }
  @Field(() => Int, { description: 'Wanted by a journey and let through by the gate.' })
  get planned(): number {
    return this.numbers.planned
  }
  @Field(() => Int, { description: 'Accepted by the provider.' })
  get sent(): number {
    return this.numbers.sent
  }
  @Field(() => Int, { description: 'Arrived, as far as the provider tells.' })
  get delivered(): number {
    return this.numbers.delivered
  }
  @Field(() => Int, { description: 'Opened or read by a person.' })
  get opened(): number {
    return this.numbers.opened
  }
  @Field(() => Int, { description: 'Clicked in by a person.' })
  get clicked(): number {
    return this.numbers.clicked
  }
  @Field(() => Int, { description: 'Answered.' })
  get replied(): number {
    return this.numbers.replied
  }
  @Field(() => Int, { description: 'Failed for good.' })
  get failed(): number {
    return this.numbers.failed
  }
  @Field(() => Int, { description: 'Returned by the recipient’s side.' })
  get bounced(): number {
    return this.numbers.bounced
  }
  @Field(() => Int, { description: 'Held back by the gate.' })
  get suppressed(): number {
    return this.numbers.suppressed
  }
  @Field(() => Int, { description: 'Handed over without an answer.' })
  get unknown(): number {
    return this.numbers.unknown
  }
  @Field(() => Float, { nullable: true, description: 'Delivered ÷ sent; null while nothing was sent.' })
  get deliveryRate(): number | null {
    return rate(this.numbers.delivered, this.numbers.sent)
  }
  @Field(() => Float, { nullable: true, description: 'Opened ÷ delivered; null while nothing was delivered.' })
  get openRate(): number | null {
    return rate(this.numbers.opened, this.numbers.delivered)
  }
  @Field(() => Float, { nullable: true, description: 'Clicked ÷ delivered; null while nothing was delivered.' })
  get clickRate(): number | null {
    return rate(this.numbers.clicked, this.numbers.delivered)
  }
}

@ObjectType({ description: 'How often a port was taken.' })
export class PortCount {
  @Field(() => String, { description: 'The port.' })
  port!: string
  @Field(() => Int, { description: 'How often.' })
  count!: number
}

@ObjectType({ description: 'How often a message was held back for a reason.' })
export class ReasonCount {
  @Field(() => String, { description: 'The reason.' })
  reason!: string
  @Field(() => Int, { description: 'How often.' })
  count!: number
}

@ObjectType({ description: 'What happened at one node.' })
export class NodeStats {
  @Field(() => String, { description: 'The node’s key.' })
  node!: string
  @Field(() => Int, { description: 'Visits.' })
  entered!: number
  @Field(() => Int, { description: 'Enrollments resting here now.' })
  waiting!: number
  @Field(() => [PortCount], { description: 'By which ports they left.' })
  left!: PortCount[]
  @Field(() => [ReasonCount], { description: 'Why messages were held back.' })
  suppressed!: ReasonCount[]
  @Field(() => ChannelStats, { nullable: true, description: 'Of message nodes: all its messages, on whichever channel.' })
  messages!: ChannelStats | null
  @Field(() => [ChannelStats], { description: 'The same by channel; those on which nothing was counted are left out.' })
  channels!: ChannelStats[]
}

@ObjectType({ description: 'What came of a journey.' })
export class JourneyStats {
  @Field(() => Int, { description: 'Enrollments begun.' })
  started!: number
  @Field(() => Int, { description: 'Running now.' })
  active!: number
  @Field(() => Int, { description: 'Gone through to an end.' })
  completed!: number
  @Field(() => Int, { description: 'Ended by reaching a goal.' })
  converted!: number
  @Field(() => Int, { description: 'Ended by an exit rule, an exit node or a command.' })
  exited!: number
  @Field(() => Int, { description: 'Ended by a fault.' })
  failed!: number
  @Field(() => Int, { description: 'Left otherwise than by completing or converting.' })
  dropped!: number
  @Field(() => Int, { description: 'Goals reached, those that do not end an enrollment included.' })
  goals!: number
  @Field(() => DurationScalar, { nullable: true, description: 'From entry to end, on average; null while nobody has ended.' })
  averageDuration!: string | null
  @Field(() => DurationScalar, { nullable: true, description: 'The median of the same, over all time.' })
  medianDuration!: string | null
  @Field(() => DurationScalar, { nullable: true, description: 'The 90th percentile of the same, over all time.' })
  p90Duration!: string | null
  @Field(() => Float, { nullable: true, description: 'Converted ÷ started; null while nobody has started.' })
  conversionRate!: number | null
  @Field(() => DecimalScalar, { nullable: true, description: 'Sum of the goals’ values, in whatever currency they are told in.' })
  revenue!: string | null
  @Field(() => DecimalScalar, { nullable: true, description: 'What providers charged, as far as they tell.' })
  cost!: string | null
  @Field(() => [ChannelStats], { description: 'By channel, at whichever of its message nodes; those on which nothing was counted are left out.' })
  channels!: ChannelStats[]
  @Field(() => [NodeStats], { description: 'By node.' })
  nodes!: NodeStats[]
}

@ObjectType({ description: 'A counter in one stretch of time.' })
export class StatPoint {
  @Field(() => DateTimeScalar, { description: 'Its beginning.' })
  at!: Date
  @Field(() => String, {
    description:
      'What is counted. Of people in the journey: `started`, `completed`, `converted`, `exited`, `failed` (it could not go on for them), `goal` (reached). Of visits to nodes: `entered`, `ended` (the journey, there). Of messages: `planned`, `suppressed`, `sent`, `delivered`, `opened`, `clicked` and `replied` by people, `machine_opened`, `machine_clicked`, `failed` (with `node`; `message_failed` without, where `failed` is people), `bounced`, `unknown` (handed over without an answer), `complained`, `unsubscribed`. What did not happen in the stretch is left out.',
  })
  metric!: string
  @Field(() => Int, { description: 'How often.' })
  n!: number
}
