import { Ctx, Extensions, Mutation, Resolver } from 'type-graphql'
import { ingestEvents } from '../../services/events.ts'
import { toReference } from '../contact-ref.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { PlainArg } from '../plain-arg.ts'
import { expected } from '../user-error.ts'
import { IngestEventsInput } from './inputs.ts'
import { IngestEventsPayload } from './types.ts'

@Resolver()
export class EventResolver {
  @Mutation(() => IngestEventsPayload, {
    description:
      'The hot door: takes up to 1,000 events and answers when they are committed. What they mean, journeys they start and contacts they make, follows at once and is not waited for. Needs the scope INGEST.',
  })
  @Extensions({ judgesEach: true })
  async ingestEvents(@PlainArg('input', () => IngestEventsInput) input: IngestEventsInput, @Ctx() context: ApiContext): Promise<IngestEventsPayload> {
    const caller = callerWith(context, 'ingest')
    const events = input.events.map(({ messageId, name, contact, properties, occurredAt }) => ({
      messageId,
      name,
      contact: toReference(contact),
      properties,
      occurredAt: occurredAt?.getTime() ?? null,
    }))
    const answer = await expected(() => ingestEvents(context.services, caller, events))
    return answer.userErrors.length === 0 ? answer : { accepted: 0, duplicates: 0, rejected: [], userErrors: answer.userErrors }
  }
}
