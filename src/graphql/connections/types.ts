import { Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import { CIRCUIT_STATES, type CircuitState } from '../../domain/circuit.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { ConnectionHealth, ConnectionView } from '../../services/connections.ts'
import { ChannelEnum } from '../channel.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

const CircuitStateEnum = enumOf(CIRCUIT_STATES)
registerEnumType(CircuitStateEnum, {
  name: 'CircuitState',
  description: 'Whether messages go through a connection.',
  valuesConfig: {
    CLOSED: { description: 'They do.' },
    OPEN: { description: 'It has failed too often; they go through the next connection of its channel, where there is one.' },
    HALF_OPEN: { description: 'It is being tried again with some of them.' },
  },
})

@ObjectType({ description: 'The last thing a connection failed at.' })
export class ProviderConnectionFault {
  @Field(() => String, { description: 'A code such as `AUTH`, `RATE_LIMITED` or `ECONNREFUSED`, or the provider’s own.' })
  code!: string
  @Field(() => DateTimeScalar, { description: 'When it did.' })
  at!: Date
}

@ObjectType({ description: 'How a connection has fared of late.' })
export class ProviderConnectionHealth {
  @Field(() => CircuitStateEnum, { description: 'Whether messages go through it.' })
  state!: CircuitState
  @Field(() => Int, { description: 'Failures in a row that were the connection’s own.' })
  failures!: number
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it is tried again; null while nothing is wrong.' })
  openUntil!: Date | null
  @Field(() => ProviderConnectionFault, { nullable: true, description: 'null where it never failed.' })
  lastFault!: { code: string; at: Date } | null
}

@ObjectType({ implements: Node, description: 'The workspace’s account at a provider. Its credentials go in and never come out.' })
export class ProviderConnection extends Node {
  constructor(private readonly row: ConnectionView) {
    super('ProviderConnection', row.id)
  }
  @Field(() => String, { description: 'Its name, for people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => ChannelEnum, { description: 'The channel it serves; email and SMS may have several live connections, every other channel one.' })
  get channel(): Channel {
    return this.row.channel
  }
  @Field(() => String, { description: 'The provider, by its name in `providers`.' })
  get provider(): string {
    return this.row.provider
  }
  @Field(() => String, { nullable: true, description: 'Where it is reached, if not at the provider’s own address.' })
  get baseUrl(): string | null {
    return this.row.baseUrl
  }
  @Field(() => JsonObjectScalar, { description: 'What is not secret of it, such as the sender’s address.' })
  get settings(): JsonObject {
    return this.row.settings
  }
  @Field(() => String, { description: 'What to enter at the provider as the address of its webhooks.' })
  get callbackUrl(): string {
    return this.row.callbackUrl
  }
  @Field(() => Int, { description: 'Its place among the live connections of its channel; the lowest comes first.' })
  get priority(): number {
    return this.row.priority
  }
  @Field(() => ProviderConnectionHealth, { description: 'How it has fared of late.' })
  get health(): ConnectionHealth {
    return this.row.health
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when nothing is sent through it.' })
  get disabledAt(): Date | null {
    return this.row.disabledAt
  }
}

@ObjectType({ description: 'A provider that can be connected, and what it takes.' })
export class Provider {
  @Field(() => String, { description: 'Its name in `connectProvider`.' })
  provider!: string
  @Field(() => ChannelEnum, { description: 'The channel it serves.' })
  channel!: Channel
  @Field(() => String, { description: 'For people.' })
  title!: string
  @Field(() => JsonObjectScalar, { description: 'JSON Schema of its credentials.' })
  credentials!: JsonObject
  @Field(() => JsonObjectScalar, { description: 'JSON Schema of its settings.' })
  settings!: JsonObject
}

@ObjectType({ description: 'What became of a connection.' })
export class ProviderConnectionPayload extends Payload {
  @Field(() => ProviderConnection, { nullable: true, description: 'null where nothing was done.' })
  connection!: ProviderConnection | null
}
