import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql'
import { DECISION_POSITION, enrollContacts, exitEnrollments, listDecisions, refusalsOf, traceOf, visitsOf } from '../../services/enrollments.ts'
import { listMessages } from '../../services/messages.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { toReference } from '../contact-ref.ts'
import { contactLoader } from '../contacts/loaders.ts'
import { Contact } from '../contacts/types.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf, tryIdOf } from '../global-id.ts'
import { journeyLoader, versionLoader } from '../journeys/loaders.ts'
import { journeyNodeOf } from '../journeys/node-of.ts'
import { JourneyNode } from '../journeys/node-types.ts'
import { Journey, JourneyVersion } from '../journeys/types.ts'
import { LARGEST_PAGE } from '../limits.ts'
import { Message } from '../messages/types.ts'
import { expected } from '../user-error.ts'
import { EnrollContactsInput, ExitEnrollmentsInput } from './inputs.ts'
import { enrollmentLoader } from './loaders.ts'
import { enrollmentsPage } from './page.ts'
import {
  Decision,
  DecisionConnection,
  EnrollContactsPayload,
  Enrollment,
  EnrollmentConnection,
  type EnrollmentState,
  EnrollmentStateEnum,
  ExitEnrollmentsPayload,
  Visit,
} from './types.ts'

@Resolver(() => Enrollment)
export class EnrollmentResolver {
  @Query(() => Enrollment, { nullable: true, description: 'One enrollment; null where there is none.' })
  async enrollment(@Arg('id', () => ID, { description: 'The enrollment.' }) id: string, @Ctx() context: ApiContext): Promise<Enrollment | null> {
    callerWith(context, 'read')
    const found = tryIdOf('Enrollment', id)
    const row = found === null ? null : await enrollmentLoader(context).load(found)
    return row === null ? null : new Enrollment(row)
  }

  @Query(() => EnrollmentConnection, { description: 'Enrollments, newest first.' })
  enrollments(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('journeyId', () => ID, { nullable: true, description: 'Only in this journey.' }) journeyId: string | null,
    @Arg('contactId', () => ID, { nullable: true, description: 'Only of this contact.' }) contactId: string | null,
    @Arg('state', () => [EnrollmentStateEnum], { nullable: true, description: 'Only in these; ACTIVE and WAITING both mean running.' }) state:
      | EnrollmentState[]
      | null,
    @Arg('node', () => String, { nullable: true, description: 'Only resting in the node with this key.' }) node: string | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Enrollment>> {
    return enrollmentsPage(context, args, {
      journeyId: journeyId == null ? null : idOf('Journey', journeyId, ['journeyId']),
      contactId: contactId == null ? null : idOf('Contact', contactId, ['contactId']),
      state,
      node,
    })
  }

  @Query(() => [Decision], { description: 'Why a contact was not let in somewhere, newest first.' })
  async refusals(
    @Arg('contactId', () => ID, { description: 'The contact.' }) contactId: string,
    @Arg('first', () => Int, { defaultValue: 20, description: `How many, at most ${LARGEST_PAGE}.` }) first: number,
    @Ctx() context: ApiContext,
  ): Promise<Decision[]> {
    const caller = callerWith(context, 'read')
    return (await refusalsOf(context.services, caller, idOf('Contact', contactId, ['contactId']), Math.max(0, Math.min(first, LARGEST_PAGE)))).map(
      (each) => new Decision(each),
    )
  }

  @FieldResolver(() => Journey, { description: 'The journey.' })
  async journey(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<Journey | null> {
    const row = await journeyLoader(context).load(enrollment.row.journeyId)
    return row === null ? null : new Journey(row)
  }

  @FieldResolver(() => JourneyVersion, { description: 'The version it entered, and stays with.' })
  async version(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<JourneyVersion | null> {
    const row = await versionLoader(context).load(enrollment.row.versionId)
    return row === null ? null : new JourneyVersion(row)
  }

  @FieldResolver(() => Contact, { description: 'Who it is.' })
  async contact(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<Contact | null> {
    const row = await contactLoader(context).load(enrollment.row.contactId)
    return row === null ? null : new Contact(row)
  }

  @FieldResolver(() => JourneyNode, { nullable: true, description: 'The node it rests in, as its version has it; null once it has ended.' })
  journeyNode(@Root() { row }: Enrollment, @Ctx() context: ApiContext): Promise<JourneyNode | null> {
    return journeyNodeOf(context, row.versionId, row.node)
  }

  @FieldResolver(() => [Visit], { description: 'Where it has been, in order.' })
  async visits(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<Visit[]> {
    const visits = visitsOf(await traceOf(context.services, callerWith(context, 'read'), enrollment.row))
    return visits.map((visit) => ({ ...visit, enrollmentId: enrollment.uuid }))
  }

  @FieldResolver(() => DecisionConnection, { description: 'Why it is where it is: every decision, oldest first.' })
  decisions(@Root() enrollment: Enrollment, @Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<Decision>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listDecisions(context.services, caller, enrollment.row, slice),
      (each) => each.position,
      (each) => new Decision(each),
      DECISION_POSITION,
    )
  }

  @FieldResolver(() => [Decision], {
    description: 'Every decision at once, oldest first, as far as the first 5,000 things that happened to it; `decisions` has them page by page.',
  })
  async trace(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<Decision[]> {
    return (await traceOf(context.services, callerWith(context, 'read'), enrollment.row)).map((each) => new Decision(each))
  }

  @FieldResolver(() => [Message], { description: 'What it sent, newest first; at most 100.' })
  async messages(@Root() enrollment: Enrollment, @Ctx() context: ApiContext): Promise<Message[]> {
    const rows = await listMessages(context.services, callerWith(context, 'read'), {
      journeyId: null,
      contactId: null,
      enrollmentId: enrollment.uuid,
      broadcastId: null,
      channels: null,
      status: null,
      first: LARGEST_PAGE,
      before: null,
    })
    return rows.map((row) => new Message(row))
  }

  @Mutation(() => EnrollContactsPayload, { description: 'Asks for contacts to be let into a journey by its API trigger. Needs the scope WRITE.' })
  enrollContacts(@Arg('input', () => EnrollContactsInput) input: EnrollContactsInput, @Ctx() context: ApiContext): Promise<EnrollContactsPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({
      accepted: await enrollContacts(context.services, caller, {
        ...input,
        journeyId: idOf('Journey', input.journeyId, ['journeyId']),
        contacts: input.contacts.map(toReference),
      }),
    }))
  }

  @Mutation(() => ExitEnrollmentsPayload, {
    description: 'Ends running enrollments as exited, and calls off what they had planned. Needs the scope WRITE.',
  })
  exitEnrollments(
    @Arg('input', () => ExitEnrollmentsInput) input: ExitEnrollmentsInput,
    @Ctx() context: ApiContext,
  ): Promise<ExitEnrollmentsPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({
      exiting: await exitEnrollments(context.services, caller, {
        ids: input.ids?.map((id, index) => idOf('Enrollment', id, ['ids', String(index)])),
        journeyId: input.journeyId == null ? null : idOf('Journey', input.journeyId, ['journeyId']),
        reason: input.reason,
      }),
    }))
  }
}
