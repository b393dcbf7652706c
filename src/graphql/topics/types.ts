import { Field, ObjectType } from 'type-graphql'
import type { listTopics } from '../../services/topics.ts'
import { Node } from '../node.ts'
import { DateTimeScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

type TopicRow = Awaited<ReturnType<typeof listTopics>>[number]

@ObjectType({ implements: Node, description: 'What messages are about; people consent to, or refuse, one topic at a time.' })
export class Topic extends Node {
  constructor(private readonly row: TopicRow) {
    super('Topic', row.id)
  }
  @Field(() => String, { description: 'Unique in the workspace.' })
  get name() {
    return this.row.name
  }
  @Field(() => String, { nullable: true, description: 'For the people who are asked for their consent.' })
  get description() {
    return this.row.description ?? null
  }
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it was deleted; null while it is not. Nobody is asked for it any more, and what they said to it stays on record.',
  })
  get deletedAt() {
    return this.row.deletedAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt() {
    return this.row.createdAt
  }
}

@ObjectType({ description: 'What became of a topic.' })
export class TopicPayload extends Payload {
  @Field(() => Topic, { nullable: true, description: 'null where nothing was done.' })
  topic!: Topic | null
}
