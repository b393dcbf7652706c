import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root, registerEnumType } from 'type-graphql'
import { timeSeries } from '../../services/analytics.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { JourneyNode } from '../journeys/node-types.ts'
import { Journey, JourneyVersion } from '../journeys/types.ts'
import { versionNodesLoader } from './loaders.ts'
import { graphOf, journeyStats, statsOfNode } from './stats.ts'
import { DateRange, JourneyStats, NodeStats, StatPoint } from './types.ts'

export const BucketEnum = { HOUR: 'hour', DAY: 'day' } as const
registerEnumType(BucketEnum, {
  name: 'Bucket',
  description: 'A stretch of time.',
  valuesConfig: { HOUR: { description: 'An hour.' }, DAY: { description: 'A day in UTC.' } },
})

const RANGE = 'All time where left out.'
const NOTHING = { nodes: new Map(), waiting: new Map() }

@Resolver(() => Journey)
export class JourneyStatsResolver {
  @FieldResolver(() => JourneyStats, { description: 'Its numbers over all versions; nodes and channels are those of the live one.' })
  async stats(
    @Root() journey: Journey,
    @Arg('range', () => DateRange, { nullable: true, description: RANGE }) range: DateRange | null,
    @Ctx() context: ApiContext,
  ): Promise<JourneyStats> {
    const caller = callerWith(context, 'read')
    const graph = (await graphOf(context.services, caller, journey.row.liveVersionId ?? null)) ?? journey.row.draft ?? null
    return journeyStats(context.services, caller, { journeyId: journey.uuid, versionId: null, range: range ?? null, graph })
  }
}

@Resolver(() => JourneyVersion)
export class VersionStatsResolver {
  @FieldResolver(() => JourneyStats, { description: 'Its own numbers.' })
  stats(
    @Root() version: JourneyVersion,
    @Arg('range', () => DateRange, { nullable: true, description: RANGE }) range: DateRange | null,
    @Ctx() context: ApiContext,
  ): Promise<JourneyStats> {
    const { journeyId, graph } = version.row
    return journeyStats(context.services, callerWith(context, 'read'), { journeyId, versionId: version.uuid, range: range ?? null, graph })
  }
}

@Resolver(() => JourneyNode)
export class NodeStatsResolver {
  @FieldResolver(() => NodeStats, { description: 'Its numbers in the version it is read from; of a draft’s node, those of the live version.' })
  async stats(
    @Root() { key, placed }: JourneyNode,
    @Arg('range', () => DateRange, { nullable: true, description: RANGE }) range: DateRange | null,
    @Ctx() context: ApiContext,
  ): Promise<NodeStats> {
    const { journeyId, versionId, node } = placed
    const version = versionId === null ? NOTHING : await versionNodesLoader(context).load({ journeyId, versionId, range: range ?? null })
    return statsOfNode(key, node.kind, version)
  }
}

@Resolver()
export class AnalyticsResolver {
  @Query(() => [StatPoint], { description: 'A journey’s counters over time, or one node’s.' })
  journeySeries(
    @Arg('journeyId', () => ID, { description: 'The journey.' }) journeyId: string,
    @Arg('range', () => DateRange, { description: 'The time.' }) range: DateRange,
    @Arg('bucket', () => BucketEnum, { defaultValue: 'hour', description: 'How finely.' }) bucket: 'hour' | 'day',
    @Arg('node', () => String, { nullable: true, description: 'Only of the node with this key.' }) node: string | null,
    @Ctx() context: ApiContext,
  ): Promise<StatPoint[]> {
    return timeSeries(context.services, callerWith(context, 'read'), {
      journeyId: idOf('Journey', journeyId, ['journeyId']),
      node: node ?? null,
      range,
      bucket,
    })
  }
}
