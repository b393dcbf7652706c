import { Extensions, Field, ID, InputType } from 'type-graphql'
import { ThroughlineError } from '../errors.ts'
import type { ContactReference } from '../services/contacts.ts'
import { tryIdOf } from './global-id.ts'

@InputType({ description: 'Names one contact, by exactly one of these.' })
@Extensions({ oneOf: true })
export class ContactRef {
  @Field(() => ID, { nullable: true, description: 'A Contact’s id.' })
  id?: string
  @Field(() => String, { nullable: true, description: 'Your own id of somebody you know; 1 to 256 characters.' })
  externalId?: string
  @Field(() => String, { nullable: true, description: 'Your own id of somebody you do not know yet, such as a device; 1 to 256 characters.' })
  anonymousId?: string
}

/** As services name contacts; the id is '' where it is none of a contact's, which services that judge each reference alone refuse. */
export function toReference(ref: ContactRef): ContactReference {
  return ref.id === undefined ? { externalId: ref.externalId, anonymousId: ref.anonymousId } : { id: tryIdOf('Contact', ref.id) ?? '' }
}

/** The same where there is one contact: a foreign or malformed id is answered like one that does not exist. */
export function soundReference(ref: ContactRef, path: readonly string[] = ['contact']): ContactReference {
  const reference = toReference(ref)
  if (reference.id === '') throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: [...path, 'id'] })
  return reference
}
