import { Field, ID, InputType } from 'type-graphql'
import type { WebhookEvent } from '../../domain/webhook-delivery.ts'
import { TOLD_AGAIN } from '../idempotency-text.ts'
import { DateTimeScalar, UrlScalar } from '../scalars.ts'
import { WebhookEventEnum } from './enums.ts'

@InputType({ description: 'Somebody’s server that is to be told what happens.' })
export class CreateWebhookEndpointInput {
  @Field(() => UrlScalar, { description: 'https, at a public address.' })
  url!: string
  @Field(() => String, { nullable: true, description: 'For people; at most 2,000 characters.' })
  description?: string | null
  @Field(() => [WebhookEventEnum], { description: 'At least one.' })
  eventTypes!: WebhookEvent[]
  @Field(() => String, { nullable: true, description: TOLD_AGAIN })
  idempotencyKey?: string | null
}

@InputType({ description: 'What is to change of an endpoint; what is left out stays.' })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string
  @Field(() => UrlScalar, { nullable: true, description: 'https, at a public address.' })
  url?: string | null
  @Field(() => String, { nullable: true, description: 'null for none.' })
  description?: string | null
  @Field(() => [WebhookEventEnum], { nullable: true, description: 'All of them, at least one.' })
  eventTypes?: WebhookEvent[] | null
  @Field(() => Boolean, { nullable: true, description: 'false: it is told nothing; true: it is told what it has missed, too.' })
  enabled?: boolean | null
}

@InputType({ description: 'An endpoint whose secret is to change.' })
export class RotateWebhookSecretInput {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string
  @Field(() => String, { nullable: true, description: TOLD_AGAIN })
  idempotencyKey?: string | null
}

@InputType({ description: 'An endpoint to delete.' })
export class DeleteWebhookEndpointInput {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string
}

@InputType({ description: 'Deliveries to make again: those named, or all that failed since an instant. Give one of the two.' })
export class ReplayWebhookDeliveriesInput {
  @Field(() => ID, { description: 'The endpoint; an enabled one.' })
  endpointId!: string
  @Field(() => [ID], { nullable: true, description: 'Of this endpoint, whatever became of them; at most 100.' })
  deliveryIds?: string[] | null
  @Field(() => DateTimeScalar, { nullable: true, description: 'All that failed of those made since then, the first 10,000 at a time.' })
  failedSince?: Date | null
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key makes nothing again and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}
