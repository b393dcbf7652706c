import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { type Channel, CONSENT_STATES, type ConsentState, IDENTITY_STATUSES } from '../../domain/channel.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { consentHistory, consentsOf } from '../../services/consents.ts'
import type { getContact } from '../../services/contacts.ts'
import type { Identity } from '../../services/identities.ts'
import { ChannelEnum } from '../channel.ts'
import { connectionOf } from '../connection.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar, TimeZoneScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

export type ContactRow = NonNullable<Awaited<ReturnType<typeof getContact>>>
export type ConsentRow =
  | NonNullable<ReturnType<Awaited<ReturnType<typeof consentsOf>>['get']>>[number]
  | Awaited<ReturnType<typeof consentHistory>>[number]

export const IdentityStatusEnum = enumOf(IDENTITY_STATUSES)
registerEnumType(IdentityStatusEnum, {
  name: 'IdentityStatus',
  description: 'Whether messages reach an address.',
  valuesConfig: {
    ACTIVE: { description: 'As far as is known, they do.' },
    BOUNCED: { description: 'The mailbox refused them for good.' },
    INVALID: { description: 'There is no such address.' },
    UNREGISTERED: { description: 'The app was removed, or the token has expired.' },
  },
})

export const ConsentStateEnum = enumOf(CONSENT_STATES)
registerEnumType(ConsentStateEnum, {
  name: 'ConsentState',
  description: 'What somebody has said to being written to.',
  valuesConfig: {
    UNKNOWN: { description: 'Nothing yet; the same as no entry at all.' },
    PENDING: { description: 'Asked, and not confirmed yet.' },
    GRANTED: { description: 'Agreed.' },
    WITHDRAWN: { description: 'No longer agrees; stops all but transactional messages.' },
    SUPPRESSED: { description: 'Stops everything, transactional messages included.' },
  },
})

@ObjectType({ implements: Node, description: 'Where a contact is reached on one channel.' })
export class ChannelIdentity extends Node {
  constructor(private readonly row: Identity) {
    super('ChannelIdentity', row.id)
  }
  @Field(() => ChannelEnum, { description: 'The channel it is for.' })
  get channel(): Channel {
    return this.row.channel
  }
  @Field(() => IdentityStatusEnum, { description: 'Whether messages reach it.' })
  get status(): string {
    return this.row.status
  }
  @Field(() => String, { description: 'Enough of the address for its owner to recognise it. The whole is encrypted and never answered.' })
  get maskedAddress(): string {
    return this.row.maskedAddress
  }
  @Field(() => String, { nullable: true, description: 'Push only: `android`, `ios` or `web`.' })
  get platform(): string | null {
    return this.row.platform
  }
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'WhatsApp only: until when messages without a template reach it, a day from the last the person wrote; null where none do.',
  })
  get openUntil(): Date | null {
    return this.row.openUntil
  }
  @Field(() => DateTimeScalar, { description: 'When it was first registered.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

@ObjectType({
  description:
    'What somebody has said to being written to, on a channel, about a topic. Several may cover one message: a withdrawal in any of them stands.',
})
export class Consent {
  constructor(private readonly row: ConsentRow) {}
  /** For the resolver of `topic`. */
  get topicId(): string | null {
    return this.row.topicId === '' ? null : this.row.topicId
  }
  @Field(() => ChannelEnum, { nullable: true, description: 'null: every channel.' })
  get channel(): string | null {
    return this.row.channel === '' ? null : this.row.channel
  }
  @Field(() => ConsentStateEnum, { description: 'What they said.' })
  get state(): ConsentState {
    return this.row.state
  }
  @Field(() => String, { description: 'What they were told it is for.' })
  get purpose(): string {
    return this.row.purpose
  }
  @Field(() => String, { description: 'Where they said it: a form, a call, an import.' })
  get source(): string {
    return this.row.source
  }
  @Field(() => DateTimeScalar, { description: 'When it was recorded.' })
  get at(): Date {
    return this.row.at
  }
}

@ObjectType({ description: 'Whether promotional messages reach a contact on a channel.' })
export class ChannelReachability {
  @Field(() => ChannelEnum, { description: 'The channel.' })
  channel!: Channel
  @Field(() => Boolean, { description: 'Whether there is an active address, and consent to promotional messages about nothing in particular.' })
  reachable!: boolean
  @Field(() => [String], { description: 'Why not, in English; empty where reachable.' })
  reasons!: string[]
}

@ObjectType({ implements: Node, description: 'A person, or a device of one who is not known yet.' })
export class Contact extends Node {
  constructor(readonly row: ContactRow) {
    super('Contact', row.id)
  }
  @Field(() => String, { nullable: true, description: 'Your own id of them; null while they are anonymous.' })
  get externalId(): string | null {
    return this.row.externalId ?? null
  }
  @Field(() => JsonObjectScalar, { description: 'Whatever you know of them.' })
  get attributes(): JsonObject {
    return this.row.attributes
  }
  @Field(() => [String], { description: 'Labels, in order of the alphabet.' })
  get tags(): string[] {
    return this.row.tags
  }
  @Field(() => String, { nullable: true, description: 'BCP 47; decides the variant of templates.' })
  get locale(): string | null {
    return this.row.locale ?? null
  }
  @Field(() => TimeZoneScalar, { nullable: true, description: 'The workspace’s holds where it is null.' })
  get timeZone(): string | null {
    return this.row.timeZone ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When they were first seen.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { description: 'When anything of this last changed.' })
  get updatedAt(): Date {
    return this.row.updatedAt
  }
}

export const ContactConnection = connectionOf('Contact', () => Contact)

@ObjectType({ description: 'What became of a contact.' })
export class ContactPayload extends Payload {
  @Field(() => Contact, { nullable: true, description: 'As it is now; null where nothing was done.' })
  contact!: Contact | null
}

@ObjectType({ description: 'What became of an address.' })
export class IdentityPayload extends ContactPayload {
  @Field(() => ChannelIdentity, { nullable: true, description: 'The address; null where nothing was done.' })
  identity!: ChannelIdentity | null
}
