import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { JourneyStatus, GraphProblem as Problem } from '../../domain/journey/graph.ts'
import { allKinds } from '../../domain/journey/kinds.ts'
import { ThroughlineError } from '../../errors.ts'
import {
  archiveJourney,
  createJourney,
  listJourneys,
  listVersions,
  pauseJourney,
  publishJourney,
  resumeJourney,
  updateJourneyDraft,
} from '../../services/journeys.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf, tryIdOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { NodeKind } from './catalogue.ts'
import { JourneyStatusEnum } from './enums.ts'
import {
  ArchiveJourneyInput,
  CreateJourneyInput,
  JourneyGraphInput,
  PauseJourneyInput,
  PublishJourneyInput,
  ResumeJourneyInput,
  UpdateJourneyDraftInput,
} from './inputs.ts'
import { journeyLoader, problemLoader, versionLoader } from './loaders.ts'
import { toGraph } from './mapping.ts'
import {
  GraphProblem,
  Journey,
  JourneyConnection,
  JourneyGraph,
  JourneyPayload,
  JourneyVersion,
  JourneyVersionConnection,
  PublishJourneyPayload,
} from './types.ts'

@Resolver(() => Journey)
export class JourneyResolver {
  @Query(() => Journey, { nullable: true, description: 'One journey; null where there is none.' })
  async journey(@Arg('id', () => ID, { description: 'The journey.' }) id: string, @Ctx() context: ApiContext): Promise<Journey | null> {
    callerWith(context, 'read')
    const found = tryIdOf('Journey', id)
    return found === null ? null : load(found, context)
  }

  @Query(() => JourneyConnection, { description: 'Journeys, newest first.' })
  journeys(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('status', () => [JourneyStatusEnum], { nullable: true, description: 'Only of these.' }) status: JourneyStatus[] | null,
    @Arg('search', () => String, { nullable: true, description: 'Part of the name.' }) search: string | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<Journey>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listJourneys(context.services, caller, { status: status ?? null, search: search ?? null, ...slice }),
      (row) => row.id,
      (row) => new Journey(row),
    )
  }

  @Query(() => [NodeKind], { description: 'Every kind of node there is, with what a settings panel needs.' })
  nodeKinds(): NodeKind[] {
    return allKinds().map((kind) => new NodeKind(kind))
  }

  @Query(() => [GraphProblem], { description: 'Everything that would keep this graph from being published; empty when nothing does.' })
  validateJourney(
    @Arg('graph', () => JourneyGraphInput, { description: 'The graph.' }) graph: JourneyGraphInput,
    @Ctx() context: ApiContext,
  ): Promise<readonly Problem[]> {
    callerWith(context, 'read')
    return problemLoader(context).load(toGraph(graph))
  }

  @FieldResolver(() => JourneyVersion, { nullable: true, description: 'The version newcomers enter.' })
  async liveVersion(@Root() journey: Journey, @Ctx() context: ApiContext): Promise<JourneyVersion | null> {
    const id = journey.row.liveVersionId
    const row = id == null ? null : await versionLoader(context).load(id)
    return row === null ? null : new JourneyVersion(row)
  }

  @FieldResolver(() => JourneyVersionConnection, { description: 'Every version published, newest first.' })
  versions(@Root() journey: Journey, @Args(() => PageArgs) args: PageArgs, @Ctx() context: ApiContext): Promise<Page<JourneyVersion>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      args,
      (slice) => listVersions(context.services, caller, { journeyId: journey.uuid, ...slice }),
      (row) => row.id,
      (row) => new JourneyVersion(row),
    )
  }

  @Mutation(() => JourneyPayload, { description: 'Adds a journey as a draft. Needs the scope WRITE.' })
  createJourney(@Arg('input', () => CreateJourneyInput) input: CreateJourneyInput, @Ctx() context: ApiContext): Promise<JourneyPayload> {
    const caller = callerWith(context, 'write')
    const { name, description, graph, idempotencyKey } = input
    return expected(async () => ({
      journey: await load(
        await createJourney(context.services, caller, { name, description, graph: graph == null ? null : toGraph(graph), idempotencyKey }),
        context,
      ),
    }))
  }

  @Mutation(() => JourneyPayload, { description: 'Replaces the draft; what is live stays as it is until it is published. Needs the scope WRITE.' })
  updateJourneyDraft(
    @Arg('input', () => UpdateJourneyDraftInput) input: UpdateJourneyDraftInput,
    @Ctx() context: ApiContext,
  ): Promise<JourneyPayload> {
    const { name, description, graph } = input
    return this.change(context, input.id, (caller, id) =>
      updateJourneyDraft(context.services, caller, { id, name, description, graph: graph == null ? null : toGraph(graph) }),
    )
  }

  @Mutation(() => PublishJourneyPayload, {
    description: 'Makes the draft the next version and lets people in. Refused while it has problems. Needs the scope WRITE.',
  })
  async publishJourney(
    @Arg('input', () => PublishJourneyInput) input: PublishJourneyInput,
    @Ctx() context: ApiContext,
  ): Promise<PublishJourneyPayload> {
    const caller = callerWith(context, 'write')
    let problems: readonly Problem[] = []
    const payload = await expected(async () => {
      try {
        const id = await publishJourney(context.services, caller, { id: idOf('Journey', input.id, ['id']), idempotencyKey: input.idempotencyKey })
        return { journey: await load(id, context) }
      } catch (error) {
        if (!(error instanceof ThroughlineError) || error.code !== 'JOURNEY_INVALID') throw error
        problems = (error.data?.problems ?? []) as Problem[]
        const led = problems.map(({ message, node, path }) => ({ message, path: node === null ? path : [node, ...path] }))
        throw new ThroughlineError(error.code, error.message, { data: { problems: led }, cause: error })
      }
    })
    return { ...payload, problems }
  }

  @Mutation(() => JourneyPayload, {
    description: 'Refuses entries and freezes timers and sends; events, goals and exits go on. Needs the scope WRITE.',
  })
  pauseJourney(@Arg('input', () => PauseJourneyInput) input: PauseJourneyInput, @Ctx() context: ApiContext): Promise<JourneyPayload> {
    return this.change(context, input.id, (caller, id) => pauseJourney(context.services, caller, id))
  }

  @Mutation(() => JourneyPayload, {
    description: 'Goes on. What fell due during the pause comes back smoothed, never in a burst. Needs the scope WRITE.',
  })
  resumeJourney(@Arg('input', () => ResumeJourneyInput) input: ResumeJourneyInput, @Ctx() context: ApiContext): Promise<JourneyPayload> {
    return this.change(context, input.id, (caller, id) => resumeJourney(context.services, caller, { id, overdue: input.overdue ?? 'RESCHEDULE' }))
  }

  @Mutation(() => JourneyPayload, {
    description:
      'Ends it for good: nobody enters, what is planned is not sent, and everybody inside leaves as EXITED, because of `journey_archived`. They are let out after this has answered, about 10,000 a second. Needs the scope WRITE.',
  })
  archiveJourney(@Arg('input', () => ArchiveJourneyInput) input: ArchiveJourneyInput, @Ctx() context: ApiContext): Promise<JourneyPayload> {
    return this.change(context, input.id, (caller, id) => archiveJourney(context.services, caller, id))
  }

  private change(
    context: ApiContext,
    globalId: string,
    work: (caller: ReturnType<typeof callerWith>, id: string) => Promise<string>,
  ): Promise<JourneyPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({ journey: await load(await work(caller, idOf('Journey', globalId, ['id'])), context) }))
  }
}

@Resolver(() => JourneyGraph)
export class JourneyGraphResolver {
  @FieldResolver(() => [GraphProblem], { description: 'What keeps it from being published.' })
  problems(@Root() graph: JourneyGraph, @Ctx() context: ApiContext): Promise<readonly Problem[]> {
    callerWith(context, 'read')
    return problemLoader(context).load(graph.graph)
  }
}

async function load(id: string, context: ApiContext): Promise<Journey | null> {
  const row = await journeyLoader(context).clear(id).load(id)
  return row === null ? null : new Journey(row)
}
