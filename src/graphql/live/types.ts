import { Field, ObjectType } from 'type-graphql'
import { JourneyStats } from '../analytics/types.ts'
import { DateTimeScalar } from '../scalars.ts'

@ObjectType({ description: 'A journey’s numbers at an instant.' })
export class JourneyProgress {
  @Field(() => JourneyStats, { description: 'The numbers.' })
  stats!: JourneyStats
  @Field(() => DateTimeScalar, { description: 'When they were read.' })
  at!: Date
}
