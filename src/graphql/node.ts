import { Field, ID, InterfaceType } from 'type-graphql'
import { type NodeType, toGlobalId } from './global-id.ts'

@InterfaceType({ description: 'Anything with an id of its own; `node(id)` finds it again.' })
export abstract class Node {
  constructor(
    readonly nodeType: NodeType,
    readonly uuid: string,
  ) {}

  @Field(() => ID, { description: 'Opaque, unique over all types. Not to be built or taken apart by clients.' })
  get id(): string {
    return toGlobalId(this.nodeType, this.uuid)
  }
}
