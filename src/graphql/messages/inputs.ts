import { Field, ID, InputType, registerEnumType } from 'type-graphql'
import { DateTimeScalar } from '../scalars.ts'

export const ReportableEnum = { DELIVERED: 'DELIVERED', OPENED: 'OPENED', CLICKED: 'CLICKED' } as const
registerEnumType(ReportableEnum, {
  name: 'ReportableStatus',
  description: 'What an app may report of a push.',
  valuesConfig: {
    DELIVERED: { description: 'It arrived on the device.' },
    OPENED: { description: 'The person opened it.' },
    CLICKED: { description: 'The person followed its link or an action.' },
  },
})

@InputType({ description: 'What an app saw happen to a message; FCM itself reports nothing after accepting one.' })
export class ReportMessageInput {
  @Field(() => ID, { description: 'The message.' })
  id!: string
  @Field(() => ReportableEnum, { description: 'What happened.' })
  status!: 'DELIVERED' | 'OPENED' | 'CLICKED'
  @Field(() => DateTimeScalar, { nullable: true, description: 'When; now where left out.' })
  at?: Date | null
}
