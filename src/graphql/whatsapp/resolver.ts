import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql'
import type { TemplateStatus } from '../../domain/whatsapp-template.ts'
import { listWhatsappTemplates, syncWhatsappTemplates } from '../../services/whatsapp-templates.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf, tryIdOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { SyncWhatsappTemplatesInput } from './inputs.ts'
import { SyncWhatsappTemplatesPayload, WhatsappTemplate, WhatsappTemplateConnection, WhatsappTemplateStatusEnum } from './types.ts'

@Resolver()
export class WhatsappResolver {
  @Query(() => WhatsappTemplateConnection, { description: 'WhatsApp templates as the last sync and reviews since have left them, newest first.' })
  whatsappTemplates(
    @Args(() => PageArgs) args: PageArgs,
    @Arg('connectionId', () => ID, { nullable: true, description: 'Only of this connection.' }) connectionId: string | null,
    @Arg('status', () => WhatsappTemplateStatusEnum, { nullable: true, description: 'Only those with this status.' }) status: TemplateStatus | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<WhatsappTemplate>> {
    const caller = callerWith(context, 'read')
    const connection = connectionId == null ? null : tryIdOf('ProviderConnection', connectionId)
    return pageOf(
      args,
      async (slice) =>
        connectionId != null && connection === null
          ? []
          : listWhatsappTemplates(context.services, caller, { connectionId: connection, status: status ?? null, ...slice }),
      (row) => row.id,
      (row) => new WhatsappTemplate(row),
    )
  }

  @Mutation(() => SyncWhatsappTemplatesPayload, {
    description:
      'Asks a WhatsApp connection’s provider for its templates, and keeps what it says of each. Journeys are checked against it. Needs the scope WRITE.',
  })
  syncWhatsappTemplates(
    @Arg('input', () => SyncWhatsappTemplatesInput) input: SyncWhatsappTemplatesInput,
    @Ctx() context: ApiContext,
  ): Promise<SyncWhatsappTemplatesPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => ({
      count: await syncWhatsappTemplates(context.services, caller, idOf('ProviderConnection', input.connectionId, ['connectionId'])),
    }))
  }
}
