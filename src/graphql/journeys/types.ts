import { Field, Int, ObjectType } from 'type-graphql'
import { compileOrStandIn } from '../../domain/journey/compile.ts'
import type { Graph, GraphProblem as Problem } from '../../domain/journey/graph.ts'
import { PurposeEnum } from '../channel.ts'
import { connectionOf } from '../connection.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, DurationScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'
import type { JourneyEntry, VersionEntry } from './entries.ts'
import { GoalReachedEnum, JourneyStatusEnum, ProblemCodeEnum, ReentryRuleEnum } from './enums.ts'
import { outward } from './mapping.ts'
import { toJourneyNode } from './node-kinds.ts'
import { JourneyNode } from './node-types.ts'
import { ConditionScalar, PropertyFilterScalar } from './scalars.ts'

@ObjectType({ description: 'How often somebody may enter.' })
export class Reentry {
  @Field(() => ReentryRuleEnum, { description: 'Per contact and key.' })
  rule!: string
  @Field(() => DurationScalar, { nullable: true, description: 'With ONE_AT_A_TIME: not again within this after the last entry.' })
  notWithin?: string | null
}

@ObjectType('GraphEdge', { description: 'Joins a port of one node to another node.' })
export class JourneyEdge {
  @Field(() => String, { description: 'Key of the node it leaves.' })
  from!: string
  @Field(() => String, { description: 'The port it leaves by.' })
  port!: string
  @Field(() => String, { description: 'Key of the node it leads to.' })
  to!: string
}

@ObjectType({ description: 'Ends an enrollment at once.' })
export class ExitRule {
  @Field(() => String, { nullable: true, description: 'The event’s name.' })
  event?: string | null
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property that must equal the enrollment’s key.' })
  matchKey?: string | null
  @Field(() => ConditionScalar, { nullable: true, description: 'Asked after whatever happens to the enrollment.' })
  condition?: unknown
  @Field(() => String, { nullable: true, description: 'The end’s reason.' })
  reason?: string | null
}

@ObjectType({ description: 'What the journey is for, told by an event.' })
export class Goal {
  @Field(() => String, { description: 'Unique in the graph.' })
  name!: string
  @Field(() => String, { description: 'The event’s name.' })
  event!: string
  @Field(() => PropertyFilterScalar, { nullable: true, description: 'What its properties must be.' })
  where?: unknown
  @Field(() => String, { nullable: true, description: 'The property that must equal the enrollment’s key.' })
  matchKey?: string | null
  @Field(() => DurationScalar, { description: 'Counts within this after entry.' })
  window!: string
  @Field(() => String, { nullable: true, description: 'Property with the conversion’s value.' })
  valueProperty?: string | null
  @Field(() => GoalReachedEnum, { nullable: true, description: 'CONVERT where null.' })
  onReached?: string | null
}

@ObjectType({ description: 'What holds for the whole graph.' })
export class JourneySettings {
  @Field(() => PurposeEnum, { description: 'Of messages whose node names none.' })
  purpose!: string
}

@ObjectType({ description: 'What keeps a graph from being published, and where.' })
export class GraphProblem {
  @Field(() => ProblemCodeEnum, { description: 'For programs.' })
  code!: Problem['code']
  @Field(() => String, { description: 'For people.' })
  message!: string
  @Field(() => String, { nullable: true, description: 'Key of the node; null for the graph as a whole.' })
  node!: string | null
  @Field(() => [String], { description: 'Into the node’s config, or into the graph where `node` is null.' })
  path!: readonly string[]
}

@ObjectType({ description: 'A journey as its author drew it.' })
export class JourneyGraph {
  constructor(
    private readonly journeyId: string,
    readonly graph: Graph,
    /** Whose numbers its nodes show: its own version's, or, of a draft, the live one's. */
    private readonly versionId: string | null,
  ) {}
  @Field(() => Reentry, { description: 'How often somebody may enter.' })
  get reentry(): Reentry {
    return this.graph.reentry
  }
  @Field(() => JourneySettings, { description: 'What holds for the whole graph.' })
  get settings(): JourneySettings {
    return this.graph.settings
  }
  @Field(() => [JourneyNode], { description: 'Triggers and steps, in the author’s order.' })
  get nodes(): JourneyNode[] {
    return this.graph.nodes.map((node) => this.placed(node))
  }
  nodeOf(key: string): JourneyNode | undefined {
    const node = this.graph.nodes.find((each) => each.key === key)
    return node && this.placed(node)
  }
  private placed(node: Graph['nodes'][number]): JourneyNode {
    const edges = new Map(this.graph.edges.filter((edge) => edge.from === node.key).map((edge) => [edge.port, edge.to]))
    return toJourneyNode({ journeyId: this.journeyId, versionId: this.versionId, node, edges })
  }
  @Field(() => [JourneyEdge], { description: 'What leads where.' })
  get edges(): JourneyEdge[] {
    return [...this.graph.edges]
  }
  @Field(() => [ExitRule], { description: 'What ends an enrollment at once.' })
  get exitRules(): ExitRule[] {
    return this.graph.exitRules.map((rule) => outward(rule) as unknown as ExitRule)
  }
  @Field(() => [Goal], { description: 'What it is for.' })
  get goals(): Goal[] {
    return [...this.graph.goals] as Goal[]
  }
}

@ObjectType({ implements: Node, description: 'A graph as it was published: immutable.' })
export class JourneyVersion extends Node {
  constructor(readonly row: VersionEntry) {
    super('JourneyVersion', row.id)
  }
  @Field(() => Int, { description: 'From 1.' })
  get number(): number {
    return this.row.number
  }
  @Field(() => JourneyGraph, { description: 'What was published.' })
  get graph(): JourneyGraph {
    return new JourneyGraph(this.row.journeyId, this.row.graph, this.row.id)
  }
  @Field(() => DateTimeScalar, { description: 'When it was published.' })
  get publishedAt(): Date {
    return this.row.publishedAt
  }
  @Field(() => String, {
    nullable: true,
    description:
      'Why it stands still: this build cannot run it, so nobody in it moves and nothing they would have heard is lost. Publish a version that runs, or wait for a build that runs this one. null where it runs.',
  })
  get fault(): string | null {
    return compileOrStandIn(this.row.graph, { journeyId: this.row.journeyId, versionId: this.row.id }).fault
  }
}

@ObjectType({ implements: Node, description: 'Reacts to what contacts do: a draft to change, and versions people go through.' })
export class Journey extends Node {
  constructor(readonly row: JourneyEntry) {
    super('Journey', row.id)
  }
  @Field(() => String, { description: 'For people.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  get description(): string | null {
    return this.row.description ?? null
  }
  @Field(() => JourneyStatusEnum, { description: 'Where it stands.' })
  get status(): string {
    return this.row.status
  }
  @Field(() => JourneyGraph, { nullable: true, description: 'The next version, as far as it has come.' })
  get draft(): JourneyGraph | null {
    return this.row.draft == null ? null : new JourneyGraph(this.row.id, this.row.draft, this.row.liveVersionId ?? null)
  }
  @Field(() => DateTimeScalar, { nullable: true, description: 'Since when it is paused.' })
  get pausedAt(): Date | null {
    return this.row.pausedAt ?? null
  }
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
  @Field(() => DateTimeScalar, { description: 'When it was last changed.' })
  get updatedAt(): Date {
    return this.row.updatedAt
  }
}

@ObjectType({ description: 'What became of a journey.' })
export class JourneyPayload extends Payload {
  @Field(() => Journey, { nullable: true, description: 'null where nothing was done.' })
  journey!: Journey | null
}

@ObjectType({ description: 'What came of publishing.' })
export class PublishJourneyPayload extends JourneyPayload {
  @Field(() => [GraphProblem], {
    description: 'Why it was not published; empty where it was. The same stand in `userErrors`, their paths led by the node’s key.',
  })
  problems!: readonly Problem[]
}

export const JourneyConnection = connectionOf('Journey', () => Journey)
export const JourneyVersionConnection = connectionOf('JourneyVersion', () => JourneyVersion)
