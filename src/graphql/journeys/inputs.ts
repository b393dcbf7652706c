import { Extensions, Field, Float, ID, InputType } from 'type-graphql'
import { PurposeEnum } from '../channel.ts'
import { DurationScalar } from '../scalars.ts'
import { ContactChangeEnum, GoalReachedEnum, OverduePolicyEnum, ReentryRuleEnum } from './enums.ts'
import { EscalationNodeInput } from './escalation-node.ts'
import { MultiNodeInput } from './multi-node.ts'
import {
  BranchNodeInput,
  DelayNodeInput,
  DeviceMessageNodeInput,
  ExitNodeInput,
  MessageNodeInput,
  RepeatNodeInput,
  UpdateNodeInput,
  WaitNodeInput,
} from './node-inputs.ts'
import { ConditionScalar, PropertyFilterScalar } from './scalars.ts'
import { WebhookNodeInput } from './webhook-node.ts'

@InputType({ description: 'Starts when a contact does something; with `quietFor`, when they have stopped doing it.' })
export class EventTriggerInput {
  @Field(() => String, { description: 'The event’s name.' })
  event!: string
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property whose value is the enrollment’s key, such as `cartId`.' })
  matchKey?: string | null
  @Field(() => DurationScalar, { nullable: true, description: 'Enter only when none of this event and key came for this long.' })
  quietFor?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  condition?: unknown
}

@InputType({ description: 'Starts when `enrollContacts` names a contact.' })
export class ApiTriggerInput {
  @Field(() => String, { nullable: true, description: 'The property whose value is the enrollment’s key.' })
  matchKey?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  condition?: unknown
}

@InputType({ description: 'Starts when a contact is created or changed.' })
export class ContactTriggerInput {
  @Field(() => ContactChangeEnum, { description: 'Which of the two.' })
  change!: string
  @Field(() => [String], {
    nullable: true,
    description: 'For CHANGED: at least one of these attributes; `tags`, `$locale`, `$timeZone`, `$consent` are names too.',
  })
  fields?: string[] | null
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  condition?: unknown
}

@InputType({ description: 'Starts when a contact has done none of the named events for a while.' })
export class InactivityTriggerInput {
  @Field(() => [String], { nullable: true, description: 'What counts as activity; any event where left out.' })
  events?: string[] | null
  @Field(() => DurationScalar, { description: 'For how long.' })
  after!: string
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  condition?: unknown
}

@InputType({ description: 'What a node does: exactly one member, named like its kind.' })
@Extensions({ oneOf: true })
export class NodeConfigInput {
  @Field(() => EventTriggerInput, { nullable: true, description: 'Starts at an event.' })
  eventTrigger?: EventTriggerInput
  @Field(() => ApiTriggerInput, { nullable: true, description: 'Starts by the API.' })
  apiTrigger?: ApiTriggerInput
  @Field(() => ContactTriggerInput, { nullable: true, description: 'Starts at a new or changed contact.' })
  contactTrigger?: ContactTriggerInput
  @Field(() => InactivityTriggerInput, { nullable: true, description: 'Starts after inactivity.' })
  inactivityTrigger?: InactivityTriggerInput
  @Field(() => MessageNodeInput, { nullable: true, description: 'Sends an email.' })
  email?: MessageNodeInput
  @Field(() => MessageNodeInput, { nullable: true, description: 'Sends an SMS.' })
  sms?: MessageNodeInput
  @Field(() => DeviceMessageNodeInput, { nullable: true, description: 'Sends a push notification.' })
  push?: DeviceMessageNodeInput
  @Field(() => DeviceMessageNodeInput, { nullable: true, description: 'Sends a web push notification.' })
  webPush?: DeviceMessageNodeInput
  @Field(() => MessageNodeInput, { nullable: true, description: 'Shows a message in the app.' })
  inApp?: MessageNodeInput
  @Field(() => MessageNodeInput, { nullable: true, description: 'Sends a WhatsApp message.' })
  whatsapp?: MessageNodeInput
  @Field(() => MessageNodeInput, { nullable: true, description: 'Sends an RCS message.' })
  rcs?: MessageNodeInput
  @Field(() => DelayNodeInput, { nullable: true, description: 'Waits for a time.' })
  delay?: DelayNodeInput
  @Field(() => WaitNodeInput, { nullable: true, description: 'Waits for an event.' })
  wait?: WaitNodeInput
  @Field(() => BranchNodeInput, { nullable: true, description: 'Chooses a way.' })
  branch?: BranchNodeInput
  @Field(() => RepeatNodeInput, { nullable: true, description: 'Repeats a part.' })
  repeat?: RepeatNodeInput
  @Field(() => UpdateNodeInput, { nullable: true, description: 'Changes the contact.' })
  update?: UpdateNodeInput
  @Field(() => WebhookNodeInput, { nullable: true, description: 'Calls a URL.' })
  webhook?: WebhookNodeInput
  @Field(() => MultiNodeInput, { nullable: true, description: 'Says the same thing on several channels at once.' })
  multi?: MultiNodeInput
  @Field(() => EscalationNodeInput, { nullable: true, description: 'Says the same thing on one channel after the other until the person engages.' })
  escalation?: EscalationNodeInput
  @Field(() => ExitNodeInput, { nullable: true, description: 'Ends the enrollment.' })
  exit?: ExitNodeInput
}

@InputType({ description: 'Where a node stands in the author’s drawing.' })
export class PositionInput {
  @Field(() => Float, { description: 'To the right.' })
  x!: number
  @Field(() => Float, { description: 'Down.' })
  y!: number
}

@InputType({ description: 'One node of a graph.' })
export class NodeInput {
  @Field(() => String, {
    description: 'Unique in the graph: a letter, then letters, digits, `_` and `-`; at most 64. Keep it over versions: ids and numbers hang on it.',
  })
  key!: string
  @Field(() => String, { nullable: true, description: 'For people.' })
  name?: string | null
  @Field(() => PositionInput, { nullable: true, description: 'Where it stands in the drawing.' })
  position?: PositionInput | null
  @Field(() => NodeConfigInput, { description: 'What it does.' })
  config!: NodeConfigInput
}

@InputType({ description: 'Joins a port of one node to another node.' })
export class EdgeInput {
  @Field(() => String, { description: 'Key of the node it leaves.' })
  from!: string
  @Field(() => String, { description: 'The port it leaves by; a port has at most one edge.' })
  port!: string
  @Field(() => String, { description: 'Key of the node it leads to.' })
  to!: string
}

@InputType({ description: 'How often somebody may enter.' })
export class ReentryInput {
  @Field(() => ReentryRuleEnum, { description: 'Per contact and key.' })
  rule!: string
  @Field(() => DurationScalar, { nullable: true, description: 'With ONE_AT_A_TIME: not again within this after the last entry.' })
  notWithin?: string | null
}

@InputType({ description: 'Ends an enrollment at once: at an event, or when a condition holds. Give one of the two.' })
export class ExitRuleInput {
  @Field(() => String, { nullable: true, description: 'The event’s name.' })
  event?: string | null
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, {
    nullable: true,
    description: 'The property that must equal the enrollment’s key; every event of the name counts where left out.',
  })
  matchKey?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'Asked after whatever happens to the enrollment.' })
  condition?: unknown
  @Field(() => String, { nullable: true, description: 'The end’s reason.' })
  reason?: string | null
}

@InputType({ description: 'What the journey is for, told by an event.' })
export class GoalInput {
  @Field(() => String, { description: 'Unique in the graph.' })
  name!: string
  @Field(() => String, { description: 'The event’s name.' })
  event!: string
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property that must equal the enrollment’s key.' })
  matchKey?: string | null
  @Field(() => DurationScalar, { description: 'Counts within this after entry.' })
  window!: string
  @Field(() => String, { nullable: true, description: 'Property with the conversion’s value, a number.' })
  valueProperty?: string | null
  @Field(() => GoalReachedEnum, { nullable: true, description: 'CONVERT where left out.' })
  onReached?: string | null
}

@InputType({ description: 'What holds for the whole graph.' })
export class JourneySettingsInput {
  @Field(() => PurposeEnum, { description: 'Of messages whose node names none.' })
  purpose!: string
}

@InputType({ description: 'A journey as its author draws it.' })
export class JourneyGraphInput {
  @Field(() => ReentryInput, { nullable: true, description: 'ONE_AT_A_TIME where left out.' })
  reentry?: ReentryInput | null
  @Field(() => JourneySettingsInput, { nullable: true, description: 'PROMOTIONAL where left out.' })
  settings?: JourneySettingsInput | null
  @Field(() => [NodeInput], { description: 'At most 500.' })
  nodes!: NodeInput[]
  @Field(() => [EdgeInput], { description: 'At most 5,000.' })
  edges!: EdgeInput[]
  @Field(() => [ExitRuleInput], { nullable: true, description: 'At most 50.' })
  exitRules?: ExitRuleInput[] | null
  @Field(() => [GoalInput], { nullable: true, description: 'At most 20.' })
  goals?: GoalInput[] | null
}

const KEY = 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.'

@InputType({ description: 'A new journey.' })
export class CreateJourneyInput {
  @Field(() => String, { description: '1 to 200 characters.' })
  name!: string
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string | null
  @Field(() => JourneyGraphInput, { nullable: true, description: 'Its draft; empty where left out. It may have problems until it is published.' })
  graph?: JourneyGraphInput | null
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}

@InputType({ description: 'A journey’s next draft. People inside stay with the version they entered.' })
export class UpdateJourneyDraftInput {
  @Field(() => ID, { description: 'The journey.' })
  id!: string
  @Field(() => JourneyGraphInput, { nullable: true, description: 'The whole draft; unchanged where left out.' })
  graph?: JourneyGraphInput | null
  @Field(() => String, { nullable: true, description: 'Its name, where it is to change.' })
  name?: string | null
  @Field(() => String, { nullable: true, description: 'Its description, where it is to change.' })
  description?: string | null
}

@InputType({ description: 'A journey whose draft becomes its next version.' })
export class PublishJourneyInput {
  @Field(() => ID, { description: 'The journey.' })
  id!: string
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string | null
}

@InputType({ description: 'A journey to pause.' })
export class PauseJourneyInput {
  @Field(() => ID, { description: 'The journey.' })
  id!: string
}

@InputType({ description: 'A journey to resume.' })
export class ResumeJourneyInput {
  @Field(() => ID, { description: 'The journey.' })
  id!: string
  @Field(() => OverduePolicyEnum, { nullable: true, description: 'RESCHEDULE where left out.' })
  overdue?: 'RESCHEDULE' | 'SEND_LATE' | 'SKIP' | null
}

@InputType({ description: 'A journey to archive.' })
export class ArchiveJourneyInput {
  @Field(() => ID, { description: 'The journey.' })
  id!: string
}
