import { Field, ID, InputType, Int } from 'type-graphql'
import { FASTEST, USUAL_PACE } from '../../domain/broadcast.ts'
import type { Purpose } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import { MOST_RECIPIENTS } from '../../services/recipients.ts'
import { PurposeEnum } from '../channel.ts'
import { ContactRef } from '../contact-ref.ts'
import { ConditionScalar } from '../journeys/scalars.ts'
import { DirectMessageInput } from '../messages/inputs.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'

@InputType({ description: 'One message to everybody a condition holds for, to a list of contacts, or to those of a list it holds for.' })
export class CreateBroadcastInput extends DirectMessageInput {
  @Field(() => String, { description: 'For people; 1 to 200 characters.' })
  name!: string
  @Field(() => ID, { description: 'What is sent. On WhatsApp it must be approved by now, as for a journey.' })
  templateId!: string
  @Field(() => ConditionScalar, {
    nullable: true,
    description:
      'Who gets it, judged when their turn comes; without members that only make sense inside a journey. May be left out where contacts are listed: then all of them do.',
  })
  audience?: unknown
  @Field(() => [ContactRef], {
    nullable: true,
    description: `Who may get it, 1 to ${MOST_RECIPIENTS.toLocaleString('en')}: an upload. Each must exist; who does not is an error at \`contacts\`, and nobody gets anything. Named twice is once.`,
  })
  contacts?: ContactRef[] | null
  @Field(() => PurposeEnum, { nullable: true, description: 'PROMOTIONAL where left out.' })
  purpose?: Purpose | null
  @Field(() => JsonObjectScalar, { nullable: true, description: 'Values of the template’s variables, the same for everybody.' })
  variables?: JsonObject | null
  @Field(() => Int, { nullable: true, description: `How many contacts a second it is handed to, 1 to ${FASTEST}; ${USUAL_PACE} where left out.` })
  perSecond?: number | null
  @Field(() => DateTimeScalar, { nullable: true, description: 'Now where left out; within a year.' })
  startsAt?: Date | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'A broadcast.' })
export class BroadcastInput {
  @Field(() => ID, { description: 'The broadcast.' })
  id!: string
}
