import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import {
  changeIncomingSecret,
  createIncoming,
  deleteIncoming,
  type IncomingView,
  listIncoming,
  updateIncoming,
} from '../../services/webhooks-incoming.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import {
  ChangeIncomingSecretInput,
  CreateIncomingWebhookInput,
  DeleteIncomingWebhookInput,
  IncomingSecretPayload,
  IncomingWebhook,
  IncomingWebhookPayload,
  UpdateIncomingWebhookInput,
} from './incoming-types.ts'

const withSecret = ({ webhook, secret }: { webhook: IncomingView; secret: string | null }) => ({ webhook: new IncomingWebhook(webhook), secret })

@Resolver()
export class IncomingWebhookResolver {
  @Query(() => [IncomingWebhook], { description: 'The workspace’s own addresses for other people’s webhooks, the oldest first.' })
  async incomingWebhooks(@Ctx() context: ApiContext): Promise<IncomingWebhook[]> {
    return (await listIncoming(context.services, callerWith(context, 'admin'))).map((row) => new IncomingWebhook(row))
  }

  @Mutation(() => IncomingSecretPayload, { description: 'Makes an address that others may call. A workspace has at most 50. Needs the scope ADMIN.' })
  createIncomingWebhook(
    @Arg('input', () => CreateIncomingWebhookInput) input: CreateIncomingWebhookInput,
    @Ctx() context: ApiContext,
  ): Promise<IncomingSecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => withSecret(await createIncoming(context.services, caller, input)))
  }

  @Mutation(() => IncomingWebhookPayload, { description: 'Changes, disables or enables an incoming webhook. Needs the scope ADMIN.' })
  updateIncomingWebhook(
    @Arg('input', () => UpdateIncomingWebhookInput) input: UpdateIncomingWebhookInput,
    @Ctx() context: ApiContext,
  ): Promise<IncomingWebhookPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      const id = idOf('IncomingWebhook', input.id, ['id'])
      return { webhook: new IncomingWebhook(await updateIncoming(context.services, caller, { ...input, id })) }
    })
  }

  @Mutation(() => IncomingSecretPayload, {
    description: 'Gives an incoming webhook another secret; the old one is refused at once. Needs the scope ADMIN.',
  })
  changeIncomingSecret(
    @Arg('input', () => ChangeIncomingSecretInput) input: ChangeIncomingSecretInput,
    @Ctx() context: ApiContext,
  ): Promise<IncomingSecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      const id = idOf('IncomingWebhook', input.id, ['id'])
      return withSecret(await changeIncomingSecret(context.services, caller, { ...input, id }))
    })
  }

  @Mutation(() => IncomingWebhookPayload, { description: 'Deletes an incoming webhook; its address is refused for good. Needs the scope ADMIN.' })
  deleteIncomingWebhook(
    @Arg('input', () => DeleteIncomingWebhookInput) input: DeleteIncomingWebhookInput,
    @Ctx() context: ApiContext,
  ): Promise<IncomingWebhookPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      await deleteIncoming(context.services, caller, idOf('IncomingWebhook', input.id, ['id']))
      return { webhook: null }
    })
  }
}
