import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql'
import { inFlightLoader } from '../analytics/loaders.ts'
import { type Page, PageArgs } from '../connection.ts'
import { Contact } from '../contacts/types.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { Journey, JourneyVersion } from '../journeys/types.ts'
import { enrollmentsPage } from './page.ts'
import { type Enrollment, EnrollmentConnection, type EnrollmentState, EnrollmentStateEnum } from './types.ts'

const STATES = 'Only in these; ACTIVE and WAITING both mean running.'

@Resolver(() => Contact)
export class ContactEnrollmentsResolver {
  @FieldResolver(() => EnrollmentConnection, { description: 'The journeys they are or were in, before they were known, too; newest first.' })
  enrollments(
    @Root() contact: Contact,
    @Args(() => PageArgs) args: PageArgs,
    @Arg('state', () => [EnrollmentStateEnum], { nullable: true, description: STATES }) state: EnrollmentState[] | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Enrollment>> {
    return enrollmentsPage(context, args, { journeyId: null, contactId: contact.uuid, state, node: null })
  }
}

@Resolver(() => Journey)
export class JourneyEnrollmentsResolver {
  @FieldResolver(() => EnrollmentConnection, { description: 'Who is or was in it, newest first.' })
  enrollments(
    @Root() journey: Journey,
    @Args(() => PageArgs) args: PageArgs,
    @Arg('state', () => [EnrollmentStateEnum], { nullable: true, description: STATES }) state: EnrollmentState[] | null,
    @Arg('node', () => String, { nullable: true, description: 'Only resting in the node with this key.' }) node: string | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Enrollment>> {
    return enrollmentsPage(context, args, { journeyId: journey.uuid, contactId: null, state, node })
  }
}

@Resolver(() => JourneyVersion)
export class VersionEnrollmentsResolver {
  @FieldResolver(() => Int, { description: 'Running enrollments that entered it, and stay with it whatever is published later.' })
  inFlight(@Root() { row }: JourneyVersion, @Ctx() context: ApiContext): Promise<number> {
    callerWith(context, 'read')
    return inFlightLoader(context).load({ journeyId: row.journeyId, versionId: row.id })
  }
}
