import { Field, ID, InputType } from 'type-graphql'

@InputType({ description: 'A new topic.' })
export class CreateTopicInput {
  @Field(() => String, { description: 'Unique in the workspace; 1 to 100 characters.' })
  name!: string
  @Field(() => String, { nullable: true, description: 'For the people who are asked for their consent.' })
  description?: string | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}

@InputType({ description: 'A topic as it is to be; what is left out stays.' })
export class UpdateTopicInput {
  @Field(() => ID, { description: 'The topic.' })
  id!: string
  @Field(() => String, { nullable: true, description: 'Unique in the workspace; 1 to 100 characters.' })
  name?: string | null
  @Field(() => String, { nullable: true, description: 'For the people who are asked for their consent; null removes it.' })
  description?: string | null
}

@InputType({ description: 'A topic that nobody is to be asked for any more.' })
export class DeleteTopicInput {
  @Field(() => ID, { description: 'The topic.' })
  id!: string
}
