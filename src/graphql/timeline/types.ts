import { createUnionType, Field, ObjectType, registerEnumType } from 'type-graphql'
import { TIMELINE_KINDS } from '../../domain/timeline.ts'
import type { conversionsByIds } from '../../services/conversions.ts'
import type { TimelineEntry } from '../../services/timeline.ts'
import { PageInfo } from '../connection.ts'
import { Consent, type ConsentRow } from '../contacts/types.ts'
import { Visit } from '../enrollments/types.ts'
import { enumOf } from '../enum-of.ts'
import { Event } from '../events/types.ts'
import { Message, MessageStatusChange } from '../messages/types.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, DecimalScalar } from '../scalars.ts'

type ConversionRow = NonNullable<ReturnType<Awaited<ReturnType<typeof conversionsByIds>>['get']>>

export const TimelineKindEnum = enumOf(TIMELINE_KINDS)
registerEnumType(TimelineKindEnum, {
  name: 'TimelineKind',
  description: 'What a contact’s history is made of.',
  valuesConfig: {
    EVENT: { description: 'What they did: `Event`.' },
    MESSAGE: { description: 'What was to be sent to them, as it was planned: `Message`.' },
    STATUS: { description: 'What became of a message, and what they did with it: `MessageStatusChange`.' },
    VISIT: { description: 'Where they came to in a journey: `Visit`.' },
    CONVERSION: { description: 'A goal they reached: `Conversion`.' },
    CONSENT: { description: 'What they said to being written to: `ConsentChange`.' },
  },
})

@ObjectType({ implements: Node, description: 'A goal of a journey that somebody reached.' })
export class Conversion extends Node {
  constructor(readonly row: ConversionRow) {
    super('Conversion', row.id)
  }
  @Field(() => String, { description: 'The goal’s name.' })
  get goal(): string {
    return this.row.goal
  }
  @Field(() => DecimalScalar, {
    nullable: true,
    description: 'What it was worth, where the goal names the property that says so; in the currency you sent.',
  })
  get value(): string | null {
    return this.row.value ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it happened, by the sender of the event that reached it.' })
  get at(): Date {
    return this.row.at
  }
}

@ObjectType({ description: 'Something said to being written to, as it was said.' })
export class ConsentChange {
  constructor(private readonly row: ConsentRow) {}
  @Field(() => Consent, { description: 'What was said then; it may have been taken back since.' })
  get consent(): Consent {
    return new Consent(this.row)
  }
  @Field(() => DateTimeScalar, { description: 'When.' })
  get at(): Date {
    return this.row.at
  }
}

export const TimelineItem = createUnionType({
  name: 'TimelineItem',
  description: 'Something of a contact’s history.',
  types: () => [Event, Message, MessageStatusChange, Visit, Conversion, ConsentChange] as const,
})
export type Item = Event | Message | MessageStatusChange | Visit | Conversion | ConsentChange

export function toItem(entry: TimelineEntry): Item {
  switch (entry.kind) {
    case 'CONSENT':
      return new ConsentChange(entry.row)
    case 'EVENT':
      return new Event(entry.row)
    case 'CONVERSION':
      return new Conversion(entry.row)
    case 'VISIT':
      return Object.assign(new Visit(), entry.row)
    case 'MESSAGE':
      return new Message(entry.row)
    case 'STATUS':
      return Object.assign(new MessageStatusChange(), { ...entry.row, human: entry.row.human ?? null, detail: entry.row.detail ?? null })
  }
}

@ObjectType({ description: 'One item of a history, and where it stands.' })
export class TimelineEdge {
  @Field(() => String, { description: 'Opaque; give it as `after` or `before`.' })
  cursor!: string
  @Field(() => TimelineItem, { description: 'What stands here.' })
  node!: Item
  @Field(() => DateTimeScalar, {
    description:
      'When it was recorded here, by which the history is ordered. When it happened is the item’s own: what was sent in late is recorded late.',
  })
  at!: Date
}

@ObjectType({ description: 'A page of a contact’s history.' })
export class TimelineConnection {
  @Field(() => [TimelineEdge], { description: 'The page, newest first.' })
  edges!: TimelineEdge[]
  @Field(() => PageInfo, { description: 'Where the page stands.' })
  pageInfo!: PageInfo
}
