import { Field, ID, InputType } from 'type-graphql'
import type { Scope } from '../../services/api-keys.ts'
import { ContactRef } from '../contact-ref.ts'
import { TOLD_AGAIN } from '../idempotency-text.ts'
import { DateTimeScalar, DurationScalar, TimeZoneScalar } from '../scalars.ts'
import { ScopeEnum } from './types.ts'

@InputType({ description: 'A new workspace.' })
export class CreateWorkspaceInput {
  @Field(() => String, { description: 'For people; 1 to 200 characters.' })
  name!: string
  @Field(() => TimeZoneScalar, { nullable: true, description: 'UTC where left out.' })
  timeZone?: string | null
  @Field(() => String, { nullable: true, description: `${TOLD_AGAIN} One of the whole installation’s.` })
  idempotencyKey?: string | null
}

@InputType({ description: 'Changes to the workspace; what is left out stays.' })
export class UpdateWorkspaceInput {
  @Field(() => String, { nullable: true, description: 'For people; 1 to 200 characters.' })
  name?: string | null
  @Field(() => TimeZoneScalar, { nullable: true, description: 'Moves the waits of contacts who have no zone of their own.' })
  timeZone?: string | null
}

@InputType({ description: 'A new key.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'Where it is used, for people; 1 to 200 characters.' })
  name!: string
  @Field(() => [ScopeEnum], { description: 'At least one.' })
  scopes!: Scope[]
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When it stops working; never where left out. To rotate a key, make the next one first.',
  })
  expiresAt?: Date | null
  @Field(() => String, { nullable: true, description: TOLD_AGAIN })
  idempotencyKey?: string | null
}

@InputType({ description: 'A key to revoke.' })
export class RevokeApiKeyInput {
  @Field(() => ID, { description: 'The key.' })
  id!: string
}

@InputType({ description: 'Another data key for the workspace.' })
export class RotateWorkspaceKeyInput {
  @Field(() => String, { nullable: true, description: '1 to 200 characters: a repetition with the same key answers the same and rotates nothing.' })
  idempotencyKey?: string | null
}

@InputType({ description: 'A token for one contact’s browser or app.' })
export class IssueContactTokenInput {
  @Field(() => ContactRef, { description: 'Whose. An unknown externalId or anonymousId becomes a contact.' })
  contact!: ContactRef
  @Field(() => DurationScalar, { nullable: true, description: 'How long it works, from PT1M to PT24H; PT1H where left out.' })
  expiresIn?: string | null
}
