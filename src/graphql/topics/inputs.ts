import { Field, InputType } from 'type-graphql'

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
