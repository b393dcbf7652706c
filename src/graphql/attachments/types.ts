import { Field, Int, ObjectType } from 'type-graphql'
import type { AttachmentView } from '../../services/attachments.ts'
import { connectionOf } from '../connection.ts'
import { Node } from '../node.ts'
import { DateTimeScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

@ObjectType({ implements: Node, description: 'A file that mails can attach.' })
export class Attachment extends Node {
  constructor(private readonly row: AttachmentView) {
    super('Attachment', row.id)
  }
  @Field(() => String, { description: 'What a template names it by: `attachments: [{file}]` in a mail’s content.' })
  get file(): string {
    return this.row.id
  }
  @Field(() => String, { description: 'As its reader sees it.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { description: 'Its media type.' })
  get contentType(): string {
    return this.row.contentType
  }
  @Field(() => Int, { description: 'In bytes.' })
  get size(): number {
    return this.row.size
  }
  @Field(() => DateTimeScalar, { description: 'When it was uploaded.' })
  get createdAt(): Date {
    return this.row.createdAt
  }
}

export const AttachmentConnection = connectionOf('Attachment', () => Attachment)

@ObjectType({ description: 'What became of a file.' })
export class AttachmentPayload extends Payload {
  @Field(() => Attachment, { nullable: true, description: 'null where nothing was done.' })
  attachment!: Attachment | null
}
