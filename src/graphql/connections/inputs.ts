import { Field, ID, InputType, Int } from 'type-graphql'
import type { JsonObject } from '../../domain/json.ts'
import { JsonObjectScalar, UrlScalar } from '../scalars.ts'

@InputType({ description: 'An account at a provider.' })
export class ConnectProviderInput {
  @Field(() => String, { description: 'One of `providers`.' })
  provider!: string
  @Field(() => String, { description: 'For people; 1 to 200 characters.' })
  name!: string
  @Field(() => JsonObjectScalar, { description: 'As the provider’s schema says. Encrypted at rest and never answered.' })
  credentials!: JsonObject
  @Field(() => JsonObjectScalar, { nullable: true, description: 'As the provider’s schema says.' })
  settings?: JsonObject | null
  @Field(() => UrlScalar, { nullable: true, description: 'Another address than the provider’s own, such as the sandbox’s.' })
  baseUrl?: string | null
  @Field(() => Int, {
    nullable: true,
    description: 'Its place among the live connections of its channel, from 1; the next free one where left out.',
  })
  priority?: number | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'A connection to disable.' })
export class DisableConnectionInput {
  @Field(() => ID, { description: 'The connection.' })
  id!: string
}

@InputType({ description: 'A connection as it is to be; what is left out stays.' })
export class UpdateConnectionInput {
  @Field(() => ID, { description: 'The connection.' })
  id!: string
  @Field(() => String, { nullable: true, description: 'For people; 1 to 200 characters.' })
  name?: string | null
  @Field(() => Int, { nullable: true, description: 'Its place among the live connections of its channel, from 1 to 100.' })
  priority?: number | null
  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'All of them anew, as the provider’s schema says: a key that was rotated. Of the same account, or it is another connection.',
  })
  credentials?: JsonObject | null
  @Field(() => JsonObjectScalar, {
    nullable: true,
    description: 'All of them anew, as the provider’s schema says. What says whose account or number it is stays.',
  })
  settings?: JsonObject | null
  @Field(() => Boolean, { nullable: true, description: 'false: nothing is sent through it, and its webhooks are refused.' })
  enabled?: boolean | null
}
