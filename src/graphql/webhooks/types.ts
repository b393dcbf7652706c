import { Field, Int, ObjectType } from 'type-graphql'
import type { JsonObject } from '../../domain/json.ts'
import type { DeliveryState, WebhookEvent } from '../../domain/webhook-delivery.ts'
import type { DeliveryView, EndpointView } from '../../services/webhooks-endpoints.ts'
import { composePayload } from '../../services/webhooks-payload.ts'
import { connectionOf } from '../connection.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonObjectScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'
import { DeliveryStateEnum, DisabledReasonEnum, WebhookEventEnum } from './enums.ts'

@ObjectType({
  implements: Node,
  description:
    'Somebody’s server that is told what happens, in the form of Standard Webhooks: signed, at least once, `webhook-id` the same each time.',
})
export class WebhookEndpoint extends Node {
  constructor(readonly row: EndpointView) {
    super('WebhookEndpoint', row.id)
  }
  @Field(() => String, { description: 'Where it is told.' })
  get url(): string {
    return this.row.url
  }
  @Field(() => String, { nullable: true, description: 'For people.' })
  get description(): string | null {
    return this.row.description ?? null
  }
  @Field(() => [WebhookEventEnum], { description: 'What it is told of.' })
  get eventTypes(): WebhookEvent[] {
    return this.row.eventTypes
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when every delivery has failed; null where the last one did not.' })
  get failingSince(): Date | null {
    return this.row.failingSince ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when it is told nothing; null while it is.' })
  get disabledAt(): Date | null {
    return this.row.disabledAt ?? null
  }
  @Field(() => DisabledReasonEnum, { nullable: true, description: 'Why it is told nothing.' })
  get disabledReason(): string | null {
    return this.row.disabledReason ?? null
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Until when the secret before the present one signs, too.' })
  get previousSecretUntil(): Date | null {
    return this.row.previousUntil ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

@ObjectType({ description: 'One try of a delivery.' })
export class WebhookAttempt {
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  at!: Date
  @Field(() => Int, { nullable: true, description: 'The answer’s status; null where there was none.' })
  status!: number | null
  @Field(() => String, {
    nullable: true,
    description: 'What went wrong, such as `HTTP_503`, `TIMEOUT` or `ADDRESS_REFUSED`; null where nothing did.',
  })
  code!: string | null
  @Field(() => Int, { description: 'How long it took, in milliseconds.' })
  millis!: number
}

@ObjectType({ implements: Node, description: 'One thing one endpoint is told. Kept for thirty days.' })
export class WebhookDelivery extends Node {
  constructor(private readonly row: DeliveryView) {
    super('WebhookDelivery', row.id)
  }
  @Field(() => String, { description: 'The header `webhook-id`: the same however often it is made.' })
  get webhookId(): string {
    return this.row.id
  }
  @Field(() => String, { description: 'What it tells of, as on the wire: `message.updated`.' })
  get type(): string {
    return this.row.type
  }
  @Field(() => DeliveryStateEnum, { description: 'What became of it.' })
  get state(): DeliveryState {
    return this.row.status
  }
  @Field(() => JsonObjectScalar, { description: 'The body, as it is sent: `{ type, timestamp, data }`.' })
  get payload(): JsonObject {
    const { type, contactId, externalId, data, createdAt } = this.row
    return composePayload({ type, contactId, externalId, data, createdAt: createdAt.getTime() })
  }
  @Field(() => [WebhookAttempt], { description: 'Every try, the oldest first.' })
  get attempts(): WebhookAttempt[] {
    return this.row.attempts.map((each) => ({ ...each, at: new Date(each.at) }))
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it is made next; null where it is not.' })
  get nextAttemptAt(): Date | null {
    return this.row.dueAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When what it tells of happened.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

export const WebhookDeliveryConnection = connectionOf('WebhookDelivery', () => WebhookDelivery)

@ObjectType({ description: 'What became of an endpoint.' })
export class WebhookEndpointPayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'null where nothing was done, and where it was deleted.' })
  endpoint!: WebhookEndpoint | null
}

@ObjectType({ description: 'An endpoint, and the secret its deliveries are signed with.' })
export class WebhookSecretPayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'null where nothing was done.' })
  endpoint!: WebhookEndpoint | null
  @Field(() => String, { nullable: true, description: '`whsec_…`, answered this once, and to a repetition with the same idempotencyKey.' })
  secret!: string | null
}

@ObjectType({ description: 'What is told again.' })
export class ReplayPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many; 10,000 where there may be more. null where nothing was done.' })
  replayed!: number | null
}
