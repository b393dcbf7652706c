import { Field, InputType } from 'type-graphql'

@InputType({ description: 'A file for mails.' })
export class UploadAttachmentInput {
  @Field(() => String, { description: 'As its reader sees it; up to 200 characters, no path, no program.' })
  name!: string
  @Field(() => String, { description: 'Its media type, such as `application/pdf`.' })
  contentType!: string
  @Field(() => String, { description: 'Its bytes in base64, padded; at most 5,000,000 of them.' })
  base64!: string
  @Field(() => String, {
    nullable: true,
    description: 'Repeating the mutation with the same key does nothing and answers the same; 1 to 200 characters.',
  })
  idempotencyKey?: string | null
}
