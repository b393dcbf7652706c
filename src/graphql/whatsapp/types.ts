import { Ctx, Field, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Json } from '../../domain/json.ts'
import { TEMPLATE_STATUSES, type TemplateStatus } from '../../domain/whatsapp-template.ts'
import type { listWhatsappTemplates } from '../../services/whatsapp-templates.ts'
import { connectionOf } from '../connection.ts'
import { connectionLoader } from '../connections/loaders.ts'
import { ProviderConnection } from '../connections/types.ts'
import type { ApiContext } from '../context.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DateTimeScalar, JsonScalar } from '../scalars.ts'
import { Payload } from '../user-error.ts'

export const WhatsappTemplateStatusEnum = enumOf(TEMPLATE_STATUSES)
registerEnumType(WhatsappTemplateStatusEnum, {
  name: 'WhatsappTemplateStatus',
  description: 'Whether WhatsApp lets a template be sent.',
  valuesConfig: {
    APPROVED: { description: 'It may be sent to anybody.' },
    PENDING: { description: 'It is being reviewed.' },
    REJECTED: { description: 'The review refused it.' },
    PAUSED: { description: 'Too many people blocked it; it comes back by itself.' },
    DISABLED: { description: 'It was paused too often.' },
    UNSUBMITTED: { description: 'It exists at the provider, and WhatsApp was never asked.' },
    DELETED: { description: 'The provider has it no more.' },
  },
})

type Row = Awaited<ReturnType<typeof listWhatsappTemplates>>[number]

@ObjectType({ implements: Node, description: 'A message template as the provider of a WhatsApp connection has it.' })
export class WhatsappTemplate extends Node {
  constructor(private readonly row: Row) {
    super('WhatsappTemplate', row.id)
  }
  @Field(() => String, { description: 'Its id at the provider: Meta’s number, or Twilio’s content SID.' })
  get providerId(): string {
    return this.row.providerId
  }
  @Field(() => String, { description: 'Its name at the provider.' })
  get name(): string {
    return this.row.name
  }
  @Field(() => String, { description: 'As the provider writes it, such as `en_US`.' })
  get language(): string {
    return this.row.language
  }
  @Field(() => String, { nullable: true, description: 'What it was approved for: MARKETING, UTILITY or AUTHENTICATION; null before.' })
  get category(): string | null {
    return this.row.category ?? null
  }
  @Field(() => WhatsappTemplateStatusEnum, { description: 'Whether it may be sent.' })
  get status(): TemplateStatus {
    return this.row.status
  }
  @Field(() => String, { nullable: true, description: 'Why it was refused or paused, in the provider’s words.' })
  get reason(): string | null {
    return this.row.reason ?? null
  }
  @Field(() => JsonScalar, { description: 'Its text, header, buttons and cards, as the provider has them.' })
  get components(): Json {
    return this.row.components as Json
  }
  @Field(() => DateTimeScalar, { description: 'When the provider was last asked.' })
  get syncedAt(): Date {
    return this.row.syncedAt
  }
  @Field(() => ProviderConnection, { description: 'The connection it may be sent through.' })
  connection(@Ctx() context: ApiContext): Promise<ProviderConnection> {
    return connectionLoader(context).load(this.row.connectionId)
  }
}

export const WhatsappTemplateConnection = connectionOf('WhatsappTemplate', () => WhatsappTemplate)

@ObjectType({ description: 'What a sync found.' })
export class SyncWhatsappTemplatesPayload extends Payload {
  @Field(() => Int, { nullable: true, description: 'How many templates the provider has; null where nothing was done.' })
  count!: number | null
}
