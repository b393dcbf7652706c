import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import { type IncomingMapping, VERIFICATIONS, type Verification } from '../../domain/incoming-webhook.ts'
import type { IncomingView } from '../../services/webhooks-incoming.ts'
import { enumOf } from '../enum-of.ts'
import { TOLD_AGAIN } from '../idempotency-text.ts'
import { Node } from '../node.ts'
import { DateTimeScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

const VerificationEnum = enumOf(VERIFICATIONS)
registerEnumType(VerificationEnum, {
  name: 'IncomingVerification',
  description: 'How a request shows that it comes from whom it should.',
  valuesConfig: {
    STANDARD: { description: 'Signed as Standard Webhooks say; not older than five minutes, and each `webhook-id` once.' },
    HMAC_SHA256: {
      description:
        'The body’s HMAC with SHA-256 in a header, in hexadecimal or base64, `sha256=` before it or not. It has no time: name `idPath`, so that a repetition does nothing.',
    },
    BEARER: { description: 'The secret itself in `Authorization: Bearer …`.' },
  },
})

const ContactKindEnum = { EXTERNAL_ID: 'EXTERNAL_ID', ANONYMOUS_ID: 'ANONYMOUS_ID' } as const
registerEnumType(ContactKindEnum, {
  name: 'IncomingContactKind',
  description: 'By what a request names a contact.',
  valuesConfig: {
    EXTERNAL_ID: { description: 'The id your own systems know it by.' },
    ANONYMOUS_ID: { description: 'The id a device or browser has before anybody is known.' },
  },
})

const TEXTS = {
  eventName: 'The event’s name, always the same.',
  eventNamePath: 'Where its name stands. Give this or `eventName`.',
  contactKind: 'By what the contact is named.',
  contactPath: 'Where that stands; an unknown contact is created.',
  idPath:
    'Where the sender’s own id of the request stands. A repetition within seven days does nothing; without it, it is another event. STANDARD has `webhook-id`.',
  propertiesPath: 'The object that is the event’s properties; the whole body where left out.',
  occurredAtPath: 'When it occurred: ISO 8601, or seconds or milliseconds since 1970. When it is received where left out.',
}

@InputType({ description: 'What event a request stands for. Paths begin with `body` or `headers`, such as `body.customer.id` or `headers.x-event`.' })
export class IncomingMappingInput {
  @Field(() => String, { nullable: true, description: TEXTS.eventName })
  eventName?: string | null
  @Field(() => String, { nullable: true, description: TEXTS.eventNamePath })
  eventNamePath?: string | null
  @Field(() => ContactKindEnum, { description: TEXTS.contactKind })
  contactKind!: IncomingMapping['contactKind']
  @Field(() => String, { description: TEXTS.contactPath })
  contactPath!: string
  @Field(() => String, { nullable: true, description: TEXTS.idPath })
  idPath?: string | null
  @Field(() => String, { nullable: true, description: TEXTS.propertiesPath })
  propertiesPath?: string | null
  @Field(() => String, { nullable: true, description: TEXTS.occurredAtPath })
  occurredAtPath?: string | null
}

@ObjectType({ description: 'What event a request stands for.' })
export class IncomingMappingView {
  @Field(() => String, { nullable: true, description: TEXTS.eventName })
  eventName?: string
  @Field(() => String, { nullable: true, description: TEXTS.eventNamePath })
  eventNamePath?: string
  @Field(() => ContactKindEnum, { description: TEXTS.contactKind })
  contactKind!: IncomingMapping['contactKind']
  @Field(() => String, { description: TEXTS.contactPath })
  contactPath!: string
  @Field(() => String, { nullable: true, description: TEXTS.idPath })
  idPath?: string
  @Field(() => String, { nullable: true, description: TEXTS.propertiesPath })
  propertiesPath?: string
  @Field(() => String, { nullable: true, description: TEXTS.occurredAtPath })
  occurredAtPath?: string
}

@InputType({ description: 'An address for somebody else’s webhooks.' })
export class CreateIncomingWebhookInput {
  @Field(() => String, { description: 'For people; 1 to 200 characters.' })
  name!: string
  @Field(() => VerificationEnum, { description: 'How its requests are verified.' })
  verification!: Verification
  @Field(() => String, { nullable: true, description: 'For HMAC_SHA256: the header with the signature, such as `X-Hub-Signature-256`.' })
  header?: string | null
  @Field(() => String, {
    nullable: true,
    description: 'Where the sender has one already: `whsec_…` for STANDARD, 16 to 500 characters otherwise. One is made and answered where left out.',
  })
  secret?: string | null
  @Field(() => IncomingMappingInput, { description: 'What event a request stands for.' })
  mapping!: IncomingMappingInput
  @Field(() => String, { nullable: true, description: TOLD_AGAIN })
  idempotencyKey?: string | null
}

@InputType({ description: 'What is to change of an incoming webhook; what is left out stays.' })
export class UpdateIncomingWebhookInput {
  @Field(() => ID, { description: 'The incoming webhook.' })
  id!: string
  @Field(() => String, { nullable: true, description: 'For people.' })
  name?: string | null
  @Field(() => IncomingMappingInput, { nullable: true, description: 'All of it.' })
  mapping?: IncomingMappingInput | null
  @Field(() => Boolean, { nullable: true, description: 'false: its requests are refused.' })
  enabled?: boolean | null
}

@InputType({ description: 'An incoming webhook whose secret is to change.' })
export class ChangeIncomingSecretInput {
  @Field(() => ID, { description: 'The incoming webhook.' })
  id!: string
  @Field(() => String, { nullable: true, description: 'Where the sender has one already; one is made and answered where left out.' })
  secret?: string | null
  @Field(() => String, { nullable: true, description: TOLD_AGAIN })
  idempotencyKey?: string | null
}

@InputType({ description: 'An incoming webhook to delete.' })
export class DeleteIncomingWebhookInput {
  @Field(() => ID, { description: 'The incoming webhook.' })
  id!: string
}

@ObjectType({
  implements: Node,
  description:
    'An address of the workspace’s own that others call. Each verified request becomes an event, on which journeys start and go on as on any other.',
})
export class IncomingWebhook extends Node {
  constructor(private readonly row: IncomingView) {
    super('IncomingWebhook', row.id)
  }
  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { description: 'What to enter at the sender: POST of JSON or of a form, at most 1 MiB.' })
  get url(): string {
    return this.row.url
  }
  @Field(() => VerificationEnum, { description: 'How its requests are verified.' })
  get verification(): Verification {
    return this.row.verification
  }
  @Field(() => String, { nullable: true, description: 'The header with the signature, in lower case.' })
  get header(): string | null {
    return this.row.header ?? null
  }
  @Field(() => IncomingMappingView, { description: 'What event a request stands for.' })
  get mapping(): IncomingMappingView {
    return this.row.mapping
  }
  @Field(() => String, { nullable: true, description: 'Why the last verified request that was no event was none.' })
  get lastProblem(): string | null {
    return this.row.lastProblem ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When that one came.' })
  get lastProblemAt(): Date | null {
    return this.row.lastProblemAt ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when its requests are refused.' })
  get disabledAt(): Date | null {
    return this.row.disabledAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

@ObjectType({ description: 'What became of an incoming webhook.' })
export class IncomingWebhookPayload extends Payload {
  @Field(() => IncomingWebhook, { nullable: true, description: 'null where nothing was done, and where it was deleted.' })
  webhook!: IncomingWebhook | null
}

@ObjectType({ description: 'An incoming webhook, and its secret.' })
export class IncomingSecretPayload extends Payload {
  @Field(() => IncomingWebhook, { nullable: true, description: 'null where nothing was done.' })
  webhook!: IncomingWebhook | null
  @Field(() => String, { nullable: true, description: 'Where one was made: answered this once, and to a repetition with the same idempotencyKey.' })
  secret!: string | null
}
