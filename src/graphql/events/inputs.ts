import { Field, InputType } from 'type-graphql'
import type { JsonObject } from '../../domain/json.ts'
import { ContactRef } from '../contact-ref.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'

@InputType({ description: 'Something a contact did.' })
export class EventInput {
  @Field(() => String, { description: 'The sender’s own id, 1 to 256 characters. Sending it again within seven days changes nothing.' })
  messageId!: string
  @Field(() => String, { description: 'What happened, such as `order_placed`; 1 to 200 characters.' })
  name!: string
  @Field(() => ContactRef, { description: 'Who did it. An unknown externalId or anonymousId becomes a contact.' })
  contact!: ContactRef
  @Field(() => JsonObjectScalar, { nullable: true, description: 'At most 32,768 characters of JSON, nested at most ten deep.' })
  properties?: JsonObject | null
  @Field(() => DateTimeScalar, { nullable: true, description: 'Now where left out; not before the year 2000, and not more than an hour ahead.' })
  occurredAt?: Date | null
}

@InputType({ description: 'Events to take.' })
export class IngestEventsInput {
  @Field(() => [EventInput], { description: 'Up to 1,000. Each is judged alone.' })
  events!: EventInput[]
}
