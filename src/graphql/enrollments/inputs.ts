import { Field, ID, InputType } from 'type-graphql'
import type { JsonObject } from '../../domain/json.ts'
import { ContactRef } from '../contact-ref.ts'
import { JsonObjectScalar } from '../scalars.ts'

@InputType({ description: 'Contacts to enroll by a journey’s API trigger.' })
export class EnrollContactsInput {
  @Field(() => ID, { description: 'A live journey.' })
  journeyId!: string
  @Field(() => String, { nullable: true, description: 'Key of the API trigger; every one of the journey’s where left out.' })
  trigger?: string | null
  @Field(() => [ContactRef], { description: 'At most 1,000. Who is not known yet is made.' })
  contacts!: ContactRef[]
  @Field(() => JsonObjectScalar, { nullable: true, description: 'The trigger event’s properties, for the key and for templates.' })
  properties?: JsonObject | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'Enrollments to end as exited: some by id, or all a journey holds.' })
export class ExitEnrollmentsInput {
  @Field(() => [ID], { nullable: true, description: 'These.' })
  ids?: string[] | null
  @Field(() => ID, { nullable: true, description: 'All of this journey’s.' })
  journeyId?: string | null
  @Field(() => String, { nullable: true, description: '`exited_by_api` where left out.' })
  reason?: string | null
}
