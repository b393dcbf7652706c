import { Field, ObjectType } from 'type-graphql'
import type { Channel } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { ConnectionView } from '../../services/connections.ts'
import { ChannelEnum } from '../channel.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

@ObjectType({ implements: Node, description: 'The workspace’s account at a provider. Its credentials go in and never come out.' })
export class ProviderConnection extends Node {
  constructor(private readonly row: ConnectionView) {
    super('ProviderConnection', row.id)
  }
  @Field(() => String, { description: 'Its name, for people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => ChannelEnum, { description: 'The channel it serves; a channel has one live connection.' })
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
