import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql'
import { BROADCAST_STATUSES, type BroadcastStatus } from '../../domain/broadcast.ts'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { DevicePolicy } from '../../domain/gate.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { broadcastsByIds, Progress } from '../../services/broadcasts.ts'
import { ChannelEnum, PurposeEnum } from '../channel.ts'
import { connectionOf } from '../connection.ts'
import { enumOf } from '../enum-of.ts'
import { DevicePolicyEnum } from '../journeys/enums.ts'
import { outward } from '../journeys/mapping.ts'
import { ConditionScalar } from '../journeys/scalars.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

type Row = NonNullable<ReturnType<Awaited<ReturnType<typeof broadcastsByIds>>['get']>>

export const BroadcastStatusEnum = enumOf(BROADCAST_STATUSES)
registerEnumType(BroadcastStatusEnum, {
  name: 'BroadcastStatus',
  description: 'Where a broadcast stands.',
  valuesConfig: {
    RUNNING: { description: 'Being handed over, or waiting for its start.' },
    PAUSED: { description: 'Handed over no further; what was handed over goes on.' },
    COMPLETED: { description: 'Handed to its whole audience.' },
    CANCELLED: { description: 'Over for good; what had not left by then never does.' },
  },
})

@ObjectType({ description: 'How a broadcast’s messages stand.' })
export class BroadcastProgress {
  constructor(
    private readonly progress: Progress,
    private readonly handedOver: number,
  ) {}
  @Field(() => Int, { description: 'Contacts it was handed to so far.' })
  get handed(): number {
    return this.handedOver
  }
  @Field(() => Int, { description: 'Accepted by a provider, whatever came of it; in doubt included.' })
  get sent(): number {
    return this.sum('SENT', 'DELIVERED', 'BOUNCED', 'UNKNOWN')
  }
  @Field(() => Int, { description: 'Delivered.' })
  get delivered(): number {
    return this.sum('DELIVERED')
  }
  @Field(() => Int, { description: 'Failed or bounced.' })
  get failed(): number {
    return this.sum('FAILED', 'BOUNCED')
  }
  @Field(() => Int, { description: 'Held back by the gate, or cancelled.' })
  get suppressed(): number {
    return this.sum('SUPPRESSED', 'CANCELLED')
  }
  @Field(() => Int, { description: 'Opened by a person.' })
  get opened(): number {
    return this.progress.opened ?? 0
  }
  @Field(() => Int, { description: 'Clicked by a person.' })
  get clicked(): number {
    return this.progress.clicked ?? 0
  }
  @Field(() => Float, { nullable: true, description: 'Opened of delivered, 0 to 1; null before the first delivery.' })
  get openRate(): number | null {
    return this.delivered === 0 ? null : this.opened / this.delivered
  }
  private sum(...statuses: (keyof Progress)[]): number {
    return statuses.reduce((total, status) => total + (this.progress[status] ?? 0), 0)
  }
}

@ObjectType({ implements: Node, description: 'One message to everybody a condition holds for, or to a list of contacts.' })
export class Broadcast extends Node {
  constructor(readonly row: Row) {
    super('Broadcast', row.id)
  }
  @Field(() => String, { description: 'Its name, for people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => BroadcastStatusEnum, { description: 'Where it stands.' })
  get status(): BroadcastStatus {
    return this.row.status
  }
  @Field(() => ConditionScalar, { nullable: true, description: 'Who gets it; null where that is everybody who was listed.' })
  get audience(): unknown {
    return this.row.audience == null ? null : outward(this.row.audience)
  }
  @Field(() => Int, { nullable: true, description: 'How many contacts were listed, each counted once; null where the audience alone decides.' })
  get listed(): number | null {
    return this.row.listed ?? null
  }
  @Field(() => ChannelEnum, { description: 'On which of the template’s channels its messages go.' })
  get channel(): Channel {
    return this.row.channel
  }
  @Field(() => DevicePolicyEnum, { nullable: true, description: 'To which of a contact’s devices; the one seen last where null.' })
  get devices(): DevicePolicy | null {
    return this.row.devices ?? null
  }
  @Field(() => PurposeEnum, { description: 'What it is for.' })
  get purpose(): Purpose {
    return this.row.purpose
  }
  @Field(() => JsonObjectScalar, { description: 'Values of the template’s variables, the same for everybody.' })
  get variables(): JsonObject {
    return this.row.vars
  }
  @Field(() => Int, { description: 'How many contacts a second it is handed to.' })
  get perSecond(): number {
    return this.row.perSecond
  }
  @Field(() => DateTimeScalar, { description: 'When it starts, or started.' })
  get startsAt(): Date {
    return this.row.startsAt
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was completed or cancelled.' })
  get endedAt(): Date | null {
    return this.row.endedAt ?? null
  }
}

@ObjectType({ description: 'What became of a broadcast.' })
export class BroadcastPayload extends Payload {
  @Field(() => Broadcast, { nullable: true, description: 'null where nothing was done.' })
  broadcast!: Broadcast | null
}

export const BroadcastConnection = connectionOf('Broadcast', () => Broadcast)
