import { Field, ID, InputType, Int } from 'type-graphql'
import { PurposeEnum } from '../channel.ts'
import { DurationScalar, JsonScalar } from '../scalars.ts'
import { DelayAnchorEnum, DevicePolicyEnum, DirectionEnum, FollowUpStatusEnum } from './enums.ts'
import { ConditionScalar, PropertyFilterScalar } from './scalars.ts'

@InputType({ description: 'Leaves a message node by the port of a status.' })
export class FollowUpInput {
  @Field(() => FollowUpStatusEnum, { description: 'The status; its port has its name in lower case.' })
  on!: string
  @Field(() => DurationScalar, { nullable: true, description: 'Wait from reaching it; for IGNORED the window itself, and required.' })
  after?: string | null
}

@InputType({ description: 'Not twice with the same value.' })
export class DedupeInput {
  @Field(() => String, { description: 'Path of the value, such as `event.cartId` or `vars.coupon`.' })
  key!: string
  @Field(() => DurationScalar, { description: 'For how long.' })
  window!: string
}

/** What nodes of one message and of several are told in the same words. In the schema only as part of those. */
@InputType()
export abstract class FollowedNodeInput {
  @Field(() => ID, { nullable: true, description: 'What it is about, for consent by topic.' })
  topicId?: string | null
  @Field(() => PurposeEnum, { nullable: true, description: 'The journey’s own where left out.' })
  purpose?: string | null
  @Field(() => [FollowUpInput], {
    nullable: true,
    description: 'What to do about what becomes of it. Beside any, IGNORED or `nextAfter` is required, so that nobody is stranded.',
  })
  followUps?: FollowUpInput[] | null
  @Field(() => DurationScalar, { nullable: true, description: 'Leaves by `next` this long after the provider accepted it, whatever else happens.' })
  nextAfter?: string | null
  @Field(() => DedupeInput, { nullable: true, description: 'De-duplication by a value.' })
  dedupe?: DedupeInput | null
}

@InputType({ description: 'Sends one message on one channel.' })
export class MessageNodeInput extends FollowedNodeInput {
  @Field(() => ID, { description: 'A template with words for the node’s channel.' })
  templateId!: string
}

@InputType({ description: 'Sends one message to a contact’s devices.' })
export class DeviceMessageNodeInput extends MessageNodeInput {
  @Field(() => DevicePolicyEnum, { nullable: true, description: 'To which of them, a message each; MOST_RECENT where left out.' })
  devices?: string | null
}

@InputType({ description: 'An instant to wait for. One of time, weekdays, date and attribute; `time` goes with each.' })
export class DelayUntilInput {
  @Field(() => String, { nullable: true, description: '`HH:MM` in the contact’s zone.' })
  time?: string | null
  @Field(() => [Int], { nullable: true, description: 'ISO numbers, 1 = Monday.' })
  weekdays?: number[] | null
  @Field(() => String, { nullable: true, description: '`YYYY-MM-DD`.' })
  date?: string | null
  @Field(() => String, { nullable: true, description: 'Path of a date among the contact’s attributes.' })
  attribute?: string | null
  @Field(() => DurationScalar, { nullable: true, description: 'Moves the attribute’s date.' })
  offset?: string | null
  @Field(() => DirectionEnum, { nullable: true, description: 'Which way; AFTER where left out.' })
  direction?: string | null
}

@InputType({ description: 'Waits for a duration or until an instant: give one of the two.' })
export class DelayNodeInput {
  @Field(() => DurationScalar, { nullable: true, description: 'Days, weeks and months by the calendar in the contact’s zone.' })
  duration?: string | null
  @Field(() => DelayAnchorEnum, { nullable: true, description: 'PREVIOUS_STEP where left out.' })
  anchor?: string | null
  @Field(() => String, { nullable: true, description: 'For anchor ATTRIBUTE: path of the date.' })
  attribute?: string | null
  @Field(() => DelayUntilInput, { nullable: true, description: 'An instant.' })
  until?: DelayUntilInput | null
}

@InputType({ description: 'An event to wait for.' })
export class AwaitedEventInput {
  @Field(() => String, { description: 'The port it leaves by: lower-case letters, digits, `_`.' })
  name!: string
  @Field(() => String, { description: 'The event’s name.' })
  event!: string
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property that must equal the enrollment’s key.' })
  matchKey?: string | null
}

@InputType({ description: 'Waits until one of several events happens.' })
export class WaitNodeInput {
  @Field(() => [AwaitedEventInput], { description: 'At least one, at most 20.' })
  events!: AwaitedEventInput[]
  @Field(() => DurationScalar, { description: 'Leaves by `timeout` after this.' })
  timeout!: string
  @Field(() => Boolean, { nullable: true, description: 'Whether an event between entry and arrival counts; true where left out.' })
  sinceEntry?: boolean | null
}

@InputType({ description: 'One way out of a branch.' })
export class BranchInput {
  @Field(() => String, { description: 'The port: lower-case letters, digits, `_`.' })
  name!: string
  @Field(() => ConditionScalar, { description: 'When it is taken.' })
  when!: unknown
}

@InputType({ description: 'Takes the first branch whose condition holds, else `else`.' })
export class BranchNodeInput {
  @Field(() => [BranchInput], { description: 'In order; at least one, at most 20.' })
  branches!: BranchInput[]
}

@InputType({ description: 'When a repetition ends.' })
export class RepeatUntilInput {
  @Field(() => String, { nullable: true, description: 'ISO 8601 date or time.' })
  date?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'Asked before each round.' })
  condition?: unknown
}

@InputType({ description: 'Runs `body` every so often. Give `times`, `until` or both.' })
export class RepeatNodeInput {
  @Field(() => DurationScalar, { description: 'From one round’s start to the next.' })
  every!: string
  @Field(() => Int, { nullable: true, description: 'At most this often; up to 1,000.' })
  times?: number | null
  @Field(() => RepeatUntilInput, { nullable: true, description: 'Until then.' })
  until?: RepeatUntilInput | null
}

@InputType({ description: 'Sets one value. Give `value` or `from`.' })
export class AssignmentInput {
  @Field(() => String, { description: 'What is set.' })
  name!: string
  @Field(() => JsonScalar, { nullable: true, description: 'The value itself.' })
  value?: unknown
  @Field(() => String, { nullable: true, description: 'Path to take it from: `event.total`, `contact.attributes.plan`, `vars.x`, `key`.' })
  from?: string | null
}

@InputType({ description: 'Changes the contact, or variables of the enrollment.' })
export class UpdateNodeInput {
  @Field(() => [AssignmentInput], { nullable: true, description: 'Attributes to set.' })
  attributes?: AssignmentInput[] | null
  @Field(() => [String], { nullable: true, description: 'Attributes to remove.' })
  unset?: string[] | null
  @Field(() => [String], { nullable: true, description: 'Tags to add.' })
  addTags?: string[] | null
  @Field(() => [String], { nullable: true, description: 'Tags to remove.' })
  removeTags?: string[] | null
  @Field(() => [AssignmentInput], { nullable: true, description: 'Variables to set.' })
  variables?: AssignmentInput[] | null
}

@InputType({ description: 'Ends the enrollment as exited.' })
export class ExitNodeInput {
  @Field(() => String, { nullable: true, description: 'The reason.' })
  reason?: string | null
}
