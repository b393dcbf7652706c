import { Field, Int, ObjectType } from 'type-graphql'
import type { JsonObject } from '../../domain/json.ts'
import type { ErrorCode } from '../../errors.ts'
import type { listEvents } from '../../services/events.ts'
import { connectionOf } from '../connection.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload, UserErrorCode } from '../user-error.ts'

type EventRow = Awaited<ReturnType<typeof listEvents>>[number]

@ObjectType({ implements: Node, description: 'Something a contact did.' })
export class Event extends Node {
  constructor(readonly row: EventRow) {
    super('Event', row.id)
  }
  @Field(() => String, { nullable: true, description: 'The sender’s own id of it.' })
  get messageId(): string | null {
    return this.row.messageId ?? null
  }
  @Field(() => String, { description: 'What happened, such as `order_placed`.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => JsonObjectScalar, { description: 'Whatever the sender said of it.' })
  get properties(): JsonObject {
    return this.row.properties
  }
  @Field(() => DateTimeScalar, { description: 'When it happened, by the sender.' })
  get occurredAt(): Date {
    return this.row.occurredAt
  }
  @Field(() => DateTimeScalar, { description: 'When it arrived here, by the database’s clock.' })
  get receivedAt(): Date {
    return this.row.receivedAt
  }
}

export const EventConnection = connectionOf('Event', () => Event)

@ObjectType({ description: 'An event that was not taken. Its neighbours were.' })
export class RejectedEvent {
  @Field(() => Int, { description: 'Its place in `events`, from 0.' })
  index!: number
  @Field(() => String, { nullable: true, description: 'Its own id.' })
  messageId!: string | null
  @Field(() => UserErrorCode, { description: 'For programs.' })
  code!: ErrorCode
  @Field(() => String, { description: 'For people, in English.' })
  message!: string
  @Field(() => [String], { nullable: true, description: 'The way to the field at fault, from `input`.' })
  path!: readonly string[] | null
}

@ObjectType({ description: 'What became of the events; accepted ones are committed.' })
export class IngestEventsPayload extends Payload {
  @Field(() => Int, { description: 'Taken, and committed.' })
  accepted!: number
  @Field(() => Int, { description: 'Known already by (workspace, contact as written, messageId), within seven days. Nothing to do about them.' })
  duplicates!: number
  @Field(() => [RejectedEvent], { description: 'Not taken, each with the reason.' })
  rejected!: RejectedEvent[]
}
