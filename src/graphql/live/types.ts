import { Field, ObjectType } from 'type-graphql'
import { JourneyStats } from '../analytics/types.ts'
import { JourneyNode } from '../journeys/node-types.ts'
import { DateTimeScalar } from '../scalars.ts'

@ObjectType({ description: 'A journey’s numbers at an instant.' })
export class JourneyProgress {
  @Field(() => JourneyStats, { description: 'The numbers.' })
  stats!: JourneyStats
  @Field(() => [JourneyNode], {
    description: 'Of the live version, or of the draft where there is none; each with its own `stats`, read at the same time.',
  })
  nodes!: JourneyNode[]
  @Field(() => DateTimeScalar, { description: 'When they were read.' })
  at!: Date
}
