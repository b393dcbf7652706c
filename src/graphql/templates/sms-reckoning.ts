import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { SmsReckoning as Reckoning, SmsEncoding } from '../../domain/sms-segments.ts'

export const SmsEncodingEnum = { GSM_7: 'GSM_7', UCS_2: 'UCS_2' } as const satisfies Record<SmsEncoding, SmsEncoding>
registerEnumType(SmsEncodingEnum, {
  name: 'SmsEncoding',
  description: 'The alphabet of an SMS.',
  valuesConfig: {
    GSM_7: { description: '160 characters in one part, 153 in each of several.' },
    UCS_2: { description: 'For any letter that GSM-7 lacks: 70 characters in one part, 67 in each of several.' },
  },
})

@ObjectType({ description: 'How a text travels as SMS, and so what it costs.' })
export class SmsReckoning implements Reckoning {
  @Field(() => SmsEncodingEnum, { description: 'The alphabet it needs.' })
  encoding!: SmsEncoding
  @Field(() => Int, { description: 'Its length in that alphabet; in GSM-7 the likes of € and [ count two.' })
  units!: number
  @Field(() => Int, { description: 'Parts that are sent, and paid for.' })
  segments!: number
  @Field(() => Int, { description: 'Units that still fit into the last part.' })
  left!: number
}
