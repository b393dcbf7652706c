import { Field, ObjectType, registerEnumType } from 'type-graphql'
import type { AnyKind } from '../../domain/journey/kinds.ts'
import { isObject, type Json, type JsonObject } from '../../domain/json.ts'
import { JsonObjectScalar } from '../scalars.ts'
import { memberOf, outwardSchema } from './mapping.ts'

type Category = AnyKind['category']
export const NodeCategoryEnum = { TRIGGER: 'trigger', MESSAGE: 'message', FLOW: 'flow', DATA: 'data' } as const satisfies Record<string, Category>
registerEnumType(NodeCategoryEnum, {
  name: 'NodeCategory',
  description: 'What a node kind is about, for a palette.',
  valuesConfig: {
    TRIGGER: { description: 'Lets people in.' },
    MESSAGE: { description: 'Sends something.' },
    FLOW: { description: 'Decides when and where people go on.' },
    DATA: { description: 'Changes what is known of somebody.' },
  },
})

@ObjectType({ description: 'A way out that nodes of a kind have.' })
export class NodeKindPort {
  @Field(() => String, { description: 'What edges call it.' })
  name!: string
  @Field(() => String, { description: 'For people.' })
  title!: string
  @Field(() => Boolean, { description: 'Whether publishing refuses a graph in which it leads nowhere.' })
  required!: boolean
}

@ObjectType({ description: 'A kind of node, with what a settings panel needs to offer it.' })
export class NodeKind {
  constructor(private readonly row: AnyKind) {}
  @Field(() => String, { description: 'Its name: the member of NodeConfigInput, and `JourneyNode.kind`.' })
  get kind(): string {
    return memberOf(this.row.kind)
  }
  @Field(() => String, { description: 'For people.' })
  get title(): string {
    return this.row.title
  }
  @Field(() => String, { description: 'What it does, in a sentence.' })
  get description(): string {
    return this.row.description
  }
  @Field(() => String, { description: 'Name of an icon of the Lucide set.' })
  get icon(): string {
    return this.row.icon
  }
  @Field(() => NodeCategoryEnum, { description: 'What it is about.' })
  get category(): Category {
    return this.row.category
  }
  @Field(() => [NodeKindPort], { description: 'The ways out every node of the kind has; its settings may add more, see `JourneyNode.ports`.' })
  get ports(): NodeKindPort[] {
    return this.row.ports(emptyOf(this.row.config.schema)).map(({ name, title, required = false }) => ({ name, title, required }))
  }
  @Field(() => JsonObjectScalar, { description: 'JSON Schema 2020-12 of its settings. The formats `template` and `topic` stand for ids of those.' })
  get schema(): JsonObject {
    return outwardSchema(this.row.config.schema) as JsonObject
  }
}

/** The least value with the lists and objects a schema requires, so that kinds whose ports hang on a list can be asked. */
function emptyOf(schema: Json | undefined): Json {
  if (!isObject(schema)) return null
  if (schema.type === 'array') return []
  if (schema.type !== 'object') return null
  const { properties = {}, required = [] } = schema as { properties?: JsonObject; required?: string[] }
  return Object.fromEntries(required.map((name) => [name, emptyOf(properties[name])]))
}
