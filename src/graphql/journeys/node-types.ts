import { Field, Float, InterfaceType, ObjectType } from 'type-graphql'
import type { GraphNode } from '../../domain/journey/graph.ts'
import { kindOf } from '../../domain/journey/kinds.ts'
import type { JsonObject } from '../../domain/json.ts'
import { Node } from '../node.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { memberOf, outward } from './mapping.ts'

@ObjectType({ description: 'Where a node stands in the author’s drawing.' })
export class Position {
  @Field(() => Float, { description: 'To the right.' })
  x!: number
  @Field(() => Float, { description: 'Down.' })
  y!: number
}

@ObjectType({ description: 'A way out of a node.' })
export class Port {
  @Field(() => String, { description: 'What edges call it.' })
  name!: string
  @Field(() => String, { nullable: true, description: 'Key of the node it leads to; null where it leads nowhere.' })
  connectedTo!: string | null
}

/** A node in its graph: what the types below read. */
export interface PlacedNode {
  journeyId: string
  /** Whose numbers are the node's: its version, or, of a draft, the live one; null where nothing was published. */
  versionId: string | null
  node: GraphNode
  edges: ReadonlyMap<string, string>
}

@InterfaceType({
  implements: Node,
  description: 'One step of a journey, or one of the triggers it starts at. The same node in every version, as long as its key is the same.',
  resolveType: (value: JourneyNode) => value.typeName,
})
export abstract class JourneyNode extends Node {
  constructor(readonly placed: PlacedNode) {
    super('JourneyNode', `${placed.journeyId}:${placed.node.key}`)
  }

  @Field(() => String, { description: 'Unique in the graph.' })
  get key(): string {
    return this.placed.node.key
  }
  @Field(() => String, { description: 'Its kind, by its name in `nodeKinds`.' })
  get kind(): string {
    return memberOf(this.placed.node.kind)
  }
  @Field(() => String, { nullable: true, description: 'For people.' })
  get name(): string | null {
    return this.placed.node.name ?? null
  }
  @Field(() => Position, { nullable: true, description: 'Where it stands in the drawing.' })
  get position(): Position | null {
    return this.placed.node.position ?? null
  }
  @Field(() => [Port], { description: 'Its ways out, connected or not.' })
  get ports(): Port[] {
    const kind = kindOf(this.placed.node.kind)
    const config = kind?.config.parse(this.placed.node.config, [], () => {})
    const names = kind === undefined || config === undefined ? [...this.placed.edges.keys()] : kind.ports(config).map((port) => port.name)
    return names.map((name) => ({ name, connectedTo: this.placed.edges.get(name) ?? null }))
  }
  @Field(() => JsonObjectScalar, {
    description: 'Its settings as JSON, in the shape its kind’s JSON Schema describes; for whoever treats all kinds alike.',
  })
  get config(): JsonObject {
    return outward(this.placed.node.config)
  }
  get typeName(): string {
    return TYPE_NAMES[this.placed.node.kind] ?? 'ExitNode'
  }
}

/**
 * A node whose fields are read from its settings, ids in them global. A draft may lack what publishing will demand,
 * so every such field is nullable; `draft.problems` says what is missing.
 */
export abstract class TypedNode<Config> extends JourneyNode {
  protected readonly settings = this.config as Partial<Config>
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  event_trigger: 'EventTriggerNode',
  api_trigger: 'ApiTriggerNode',
  contact_trigger: 'ContactTriggerNode',
  inactivity_trigger: 'InactivityTriggerNode',
  email: 'EmailNode',
  sms: 'SmsNode',
  push: 'PushNode',
  web_push: 'WebPushNode',
  in_app: 'InAppNode',
  whatsapp: 'WhatsappNode',
  rcs: 'RcsNode',
  multi: 'MultiNode',
  delay: 'DelayNode',
  wait: 'WaitNode',
  branch: 'BranchNode',
  repeat: 'RepeatNode',
  update: 'UpdateNode',
  webhook: 'WebhookNode',
  escalation: 'EscalationNode',
  exit: 'ExitNode',
}
