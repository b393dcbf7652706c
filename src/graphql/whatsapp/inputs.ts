import { Field, ID, InputType } from 'type-graphql'

@InputType({ description: 'Whose templates to ask for.' })
export class SyncWhatsappTemplatesInput {
  @Field(() => ID, { description: 'A live connection of a WhatsApp provider.' })
  connectionId!: string
}
