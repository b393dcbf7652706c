import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import { describeDecision } from '../../domain/decision.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { enrollmentsByIds, TracedDecision } from '../../services/enrollments.ts'
import { connectionOf } from '../connection.ts'
import { toGlobalId } from '../global-id.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

export type EnrollmentEntry = NonNullable<ReturnType<Awaited<ReturnType<typeof enrollmentsByIds>>['get']>>

export const EnrollmentStateEnum = {
  ACTIVE: 'ACTIVE',
  WAITING: 'WAITING',
  COMPLETED: 'COMPLETED',
  CONVERTED: 'CONVERTED',
  EXITED: 'EXITED',
  FAILED: 'FAILED',
} as const
export type EnrollmentState = keyof typeof EnrollmentStateEnum
registerEnumType(EnrollmentStateEnum, {
  name: 'EnrollmentState',
  description: 'Where somebody stands in a journey.',
  valuesConfig: {
    ACTIVE: { description: 'Running; waits for something to happen, not for a time.' },
    WAITING: { description: 'Running, with a timer set.' },
    COMPLETED: { description: 'Gone through to an end.' },
    CONVERTED: { description: 'Ended by reaching a goal.' },
    EXITED: { description: 'Ended otherwise; `endReason` says how.' },
    FAILED: { description: 'Ended by a fault; `endReason` says which.' },
  },
})

@ObjectType({ description: 'One stay at a node.' })
export class Visit {
  /** For the resolver of `enrollment`. */
  enrollmentId!: string
  @Field(() => String, { description: 'The node’s key.' })
  node!: string
  @Field(() => DateTimeScalar, { description: 'From.' })
  enteredAt!: Date
  @Field(() => DateTimeScalar, { nullable: true, description: 'To; null while it lasts.' })
  leftAt!: Date | null
  @Field(() => String, { nullable: true, description: 'The port it left by.' })
  port!: string | null
}

@ObjectType({ description: 'One decision and why it was taken.' })
export class Decision {
  constructor(private readonly traced: TracedDecision) {}
  @Field(() => DateTimeScalar, { description: 'When.' })
  get at(): Date {
    return this.traced.at
  }
  @Field(() => String, { nullable: true, description: 'Key of the node it was about.' })
  get node(): string | null {
    return this.traced.node
  }
  @Field(() => String, { description: 'For programs.' })
  get code(): string {
    return this.traced.code
  }
  @Field(() => String, { description: 'For people, in English.' })
  get message(): string {
    const { code, data, node, port } = this.traced
    return describeDecision(code, { ...data, node, ...(port === undefined ? {} : { port }) })
  }
  @Field(() => JsonObjectScalar, { nullable: true, description: 'What it was taken from. Ids in it are global, a channel is named as in the enum.' })
  get data(): JsonObject | null {
    return this.traced.data === undefined ? null : shown(this.traced.data)
  }
}

/** The data of a decision in the API's words. */
function shown(data: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value]
      if (name === 'messageId') return [name, toGlobalId('Message', value)]
      if (name === 'eventId') return [name, toGlobalId('Event', value)]
      return [name, name === 'channel' ? value.toUpperCase() : value]
    }),
  )
}

@ObjectType({ implements: Node, description: 'One contact on its way through one version of a journey.' })
export class Enrollment extends Node {
  constructor(readonly row: EnrollmentEntry) {
    super('Enrollment', row.id)
  }
  @Field(() => String, { nullable: true, description: 'What it is about, such as a cart; null where the trigger has no key.' })
  get key(): string | null {
    return this.row.key === '' ? null : this.row.key
  }
  @Field(() => EnrollmentStateEnum, { description: 'Where it stands.' })
  get state(): EnrollmentState {
    if (this.row.status !== 'ACTIVE') return this.row.status
    return this.row.dueAt == null ? 'ACTIVE' : 'WAITING'
  }
  @Field(() => String, { nullable: true, description: 'Key of the node it rests in; null once it has ended.' })
  get node(): string | null {
    return this.row.node ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When its timer is due.' })
  get dueAt(): Date | null {
    return this.row.dueAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it began.' })
  get enteredAt(): Date {
    return this.row.enteredAt
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ended.' })
  get endedAt(): Date | null {
    return this.row.endedAt ?? null
  }
  @Field(() => String, { nullable: true, description: 'How it ended: a goal’s name, an exit rule’s reason, `undeliverable`…' })
  get endReason(): string | null {
    return this.row.endReason ?? null
  }
}

@ObjectType({ description: 'What was asked of the ring.' })
export class EnrollContactsPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'Contacts asked for; each is let in, or refused with a trace, within milliseconds.' })
  accepted!: number | null
}

@ObjectType({ description: 'What was asked of the ring.' })
export class ExitEnrollmentsPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'Running enrollments asked to leave.' })
  exiting!: number | null
}

export const EnrollmentConnection = connectionOf('Enrollment', () => Enrollment)
export const DecisionConnection = connectionOf('Decision', () => Decision)
