import { Field, Int, ObjectType } from 'type-graphql'
import type { BranchConfig } from '../../domain/journey/nodes/branch.ts'
import type { DelayConfig } from '../../domain/journey/nodes/delay.ts'
import type { ExitConfig } from '../../domain/journey/nodes/exit.ts'
import type { RepeatConfig } from '../../domain/journey/nodes/repeat.ts'
import type { ApiTriggerConfig, ContactTriggerConfig, EventTriggerConfig, InactivityTriggerConfig } from '../../domain/journey/nodes/triggers.ts'
import type { UpdateConfig } from '../../domain/journey/nodes/update.ts'
import type { WaitConfig } from '../../domain/journey/nodes/wait.ts'
import { Node } from '../node.ts'
import { DurationScalar, JsonScalar } from '../scalars.ts'
import { ContactChangeEnum, DelayAnchorEnum, DevicePolicyEnum, DirectionEnum } from './enums.ts'
import { EscalationNode } from './escalation-node.ts'
import { MessageNode } from './message-node.ts'
import { MultiNode } from './multi-node.ts'
import { JourneyNode, type PlacedNode, TypedNode } from './node-types.ts'
import { ConditionScalar, PropertyFilterScalar } from './scalars.ts'
import { WebhookNode } from './webhook-node.ts'

@ObjectType({ description: 'An instant to wait for.' })
export class DelayUntil {
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
  @Field(() => DirectionEnum, { nullable: true, description: 'Which way.' })
  direction?: string | null
}

@ObjectType({ description: 'An event that is waited for.' })
export class AwaitedEvent {
  @Field(() => String, { description: 'The port it leaves by.' })
  name!: string
  @Field(() => String, { description: 'The event’s name.' })
  event!: string
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property that must equal the enrollment’s key.' })
  matchKey?: string | null
}

@ObjectType({ description: 'One way out of a branch.' })
export class Branch {
  @Field(() => String, { description: 'The port.' })
  name!: string
  @Field(() => ConditionScalar, { description: 'When it is taken.' })
  when!: unknown
}

@ObjectType({ description: 'When a repetition ends.' })
export class RepeatUntil {
  @Field(() => String, { nullable: true, description: 'ISO 8601 date or time.' })
  date?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'Asked before each round.' })
  condition?: unknown
}

@ObjectType({ description: 'Sets one value.' })
export class Assignment {
  @Field(() => String, { description: 'What is set.' })
  name!: string
  @Field(() => JsonScalar, { nullable: true, description: 'The value itself.' })
  value?: unknown
  @Field(() => String, { nullable: true, description: 'Path it is taken from.' })
  from?: string | null
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Starts when a contact does something, or has stopped doing it.' })
export class EventTriggerNode extends TypedNode<EventTriggerConfig> {
  @Field(() => String, { nullable: true, description: 'The event’s name.' })
  get event(): string | null {
    return this.settings.event ?? null
  }
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  get where(): unknown | null {
    return this.settings.where ?? null
  }
  @Field(() => String, { nullable: true, description: 'The property whose value is the enrollment’s key.' })
  get matchKey(): string | null {
    return this.settings.matchKey ?? null
  }
  @Field(() => DurationScalar, { nullable: true, description: 'Enters only when none of it came for this long.' })
  get quietFor(): string | null {
    return this.settings.quietFor ?? null
  }
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  get condition(): unknown | null {
    return this.settings.condition ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Starts when `enrollContacts` names a contact.' })
export class ApiTriggerNode extends TypedNode<ApiTriggerConfig> {
  @Field(() => String, { nullable: true, description: 'The property whose value is the enrollment’s key.' })
  get matchKey(): string | null {
    return this.settings.matchKey ?? null
  }
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  get condition(): unknown | null {
    return this.settings.condition ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Starts when a contact is created or changed.' })
export class ContactTriggerNode extends TypedNode<ContactTriggerConfig> {
  @Field(() => ContactChangeEnum, { nullable: true, description: 'Which of the two.' })
  get change(): string | null {
    return this.settings.change ?? null
  }
  @Field(() => [String], { nullable: true, description: 'For CHANGED: at least one of these.' })
  get fields(): string[] | null {
    return this.settings.fields ?? null
  }
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  get condition(): unknown | null {
    return this.settings.condition ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Starts when a contact has done none of the named events for a while.' })
export class InactivityTriggerNode extends TypedNode<InactivityTriggerConfig> {
  @Field(() => [String], { nullable: true, description: 'What counts as activity; any event where null.' })
  get events(): string[] | null {
    return this.settings.events ?? null
  }
  @Field(() => DurationScalar, { nullable: true, description: 'For how long.' })
  get after(): string | null {
    return this.settings.after ?? null
  }
  @Field(() => ConditionScalar, { nullable: true, description: 'What must hold of the contact.' })
  get condition(): unknown | null {
    return this.settings.condition ?? null
  }
}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one email.' })
export class EmailNode extends MessageNode {}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one SMS.' })
export class SmsNode extends MessageNode {}

const TO_DEVICES = 'To which of the contact’s devices; the one seen last where null.'

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one push notification.' })
export class PushNode extends MessageNode {
  @Field(() => DevicePolicyEnum, { nullable: true, description: TO_DEVICES })
  get devices(): string | null {
    return this.settings.devices ?? null
  }
}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one web push notification.' })
export class WebPushNode extends MessageNode {
  @Field(() => DevicePolicyEnum, { nullable: true, description: TO_DEVICES })
  get devices(): string | null {
    return this.settings.devices ?? null
  }
}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Shows one message in the app.' })
export class InAppNode extends MessageNode {}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one WhatsApp message.' })
export class WhatsappNode extends MessageNode {}

@ObjectType({ implements: [MessageNode, JourneyNode, Node], description: 'Sends one RCS message.' })
export class RcsNode extends MessageNode {}

@ObjectType({ implements: [JourneyNode, Node], description: 'Waits for a duration or until an instant.' })
export class DelayNode extends TypedNode<DelayConfig> {
  @Field(() => DurationScalar, { nullable: true, description: 'By the calendar in the contact’s zone.' })
  get duration(): string | null {
    return this.settings.duration ?? null
  }
  @Field(() => DelayAnchorEnum, { nullable: true, description: 'What it is counted from.' })
  get anchor(): string | null {
    return this.settings.anchor ?? null
  }
  @Field(() => String, { nullable: true, description: 'For anchor ATTRIBUTE: path of the date.' })
  get attribute(): string | null {
    return this.settings.attribute ?? null
  }
  @Field(() => DelayUntil, { nullable: true, description: 'An instant.' })
  get until(): DelayUntil | null {
    return this.settings.until ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Waits until one of several events happens.' })
export class WaitNode extends TypedNode<WaitConfig> {
  @Field(() => [AwaitedEvent], { nullable: true, description: 'What is waited for.' })
  get events(): AwaitedEvent[] | null {
    return this.settings.events ?? null
  }
  @Field(() => DurationScalar, { nullable: true, description: 'Leaves by `timeout` after this.' })
  get timeout(): string | null {
    return this.settings.timeout ?? null
  }
  @Field(() => Boolean, { nullable: true, description: 'Whether an event since entry counts; it does where null.' })
  get sinceEntry(): boolean | null {
    return this.settings.sinceEntry ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Takes the first branch whose condition holds.' })
export class BranchNode extends TypedNode<BranchConfig> {
  @Field(() => [Branch], { nullable: true, description: 'In order.' })
  get branches(): Branch[] | null {
    return this.settings.branches ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Runs `body` every so often.' })
export class RepeatNode extends TypedNode<RepeatConfig> {
  @Field(() => DurationScalar, { nullable: true, description: 'From one round’s start to the next.' })
  get every(): string | null {
    return this.settings.every ?? null
  }
  @Field(() => Int, { nullable: true, description: 'At most this often.' })
  get times(): number | null {
    return this.settings.times ?? null
  }
  @Field(() => RepeatUntil, { nullable: true, description: 'Until then.' })
  get until(): RepeatUntil | null {
    return this.settings.until ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Changes the contact, or variables of the enrollment.' })
export class UpdateNode extends TypedNode<UpdateConfig> {
  @Field(() => [Assignment], { nullable: true, description: 'Attributes set.' })
  get attributes(): Assignment[] | null {
    return this.settings.attributes ?? null
  }
  @Field(() => [String], { nullable: true, description: 'Attributes removed.' })
  get unset(): string[] | null {
    return this.settings.unset ?? null
  }
  @Field(() => [String], { nullable: true, description: 'Tags added.' })
  get addTags(): string[] | null {
    return this.settings.addTags ?? null
  }
  @Field(() => [String], { nullable: true, description: 'Tags removed.' })
  get removeTags(): string[] | null {
    return this.settings.removeTags ?? null
  }
  @Field(() => [Assignment], { nullable: true, description: 'Variables set.' })
  get variables(): Assignment[] | null {
    return this.settings.variables ?? null
  }
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Ends the enrollment as exited.' })
export class ExitNode extends TypedNode<ExitConfig> {
  @Field(() => String, { nullable: true, description: 'The reason.' })
  get reason(): string | null {
    return this.settings.reason ?? null
  }
}

const TYPES: Readonly<Record<string, new (placed: PlacedNode) => JourneyNode>> = {
  event_trigger: EventTriggerNode,
  api_trigger: ApiTriggerNode,
  contact_trigger: ContactTriggerNode,
  inactivity_trigger: InactivityTriggerNode,
  email: EmailNode,
  sms: SmsNode,
  push: PushNode,
  web_push: WebPushNode,
  in_app: InAppNode,
  whatsapp: WhatsappNode,
  rcs: RcsNode,
  multi: MultiNode,
  delay: DelayNode,
  wait: WaitNode,
  branch: BranchNode,
  repeat: RepeatNode,
  update: UpdateNode,
  webhook: WebhookNode,
  escalation: EscalationNode,
  exit: ExitNode,
}

/** Every object type a node may have, for the schema. */
export const NODE_TYPE_CLASSES = Object.values(TYPES)

/** A node of a graph as its kind's object type. */
export function toJourneyNode(placed: PlacedNode): JourneyNode {
  const Type = TYPES[placed.node.kind] ?? ExitNode
  return new Type(placed)
}
