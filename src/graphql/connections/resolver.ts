import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql'
import { PROVIDERS } from '../../domain/providers.ts'
import { connectProvider, disableConnection, listConnections, updateConnection, webPushPublicKey } from '../../services/connections.ts'
import { type ApiContext, callerOrContact, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { ConnectProviderInput, DisableConnectionInput, UpdateConnectionInput } from './inputs.ts'
import { Provider, ProviderConnection, ProviderConnectionPayload } from './types.ts'

@Resolver()
export class ConnectionResolver {
  @Query(() => [Provider], { description: 'Providers that can be connected, and what each takes.' })
  providers(@Ctx() context: ApiContext): Provider[] {
    callerWith(context, 'read')
    return PROVIDERS.map((each) => ({ ...each, credentials: each.credentials.schema, settings: each.settings.schema }))
  }

  @Query(() => [ProviderConnection], { description: 'The workspace’s accounts at providers, disabled ones included.' })
  async providerConnections(@Ctx() context: ApiContext): Promise<ProviderConnection[]> {
    return (await listConnections(context.services, callerWith(context, 'read'))).map((row) => new ProviderConnection(row))
  }

  @Query(() => String, {
    nullable: true,
    description:
      'What a page passes to `pushManager.subscribe` as `applicationServerKey`: the VAPID public key in use. null where web push is not connected. Open to a contact’s own token.',
  })
  webPushPublicKey(@Ctx() context: ApiContext): Promise<string | null> {
    return webPushPublicKey(context.services, callerOrContact(context, 'read'))
  }

  @Mutation(() => ProviderConnectionPayload, {
    description: 'Connects a provider; from then on its channel sends through it, or falls back on it. Needs the scope ADMIN.',
  })
  connectProvider(
    @Arg('input', () => ConnectProviderInput) input: ConnectProviderInput,
    @Ctx() context: ApiContext,
  ): Promise<ProviderConnectionPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({ connection: new ProviderConnection(await connectProvider(context.services, caller, input)) }))
  }

  @Mutation(() => ProviderConnectionPayload, {
    description:
      'Changes the place of a connection among its channel’s, enables or disables it, or gives it new credentials or settings: what is sent next goes with those. Needs the scope ADMIN.',
  })
  updateConnection(
    @Arg('input', () => UpdateConnectionInput) input: UpdateConnectionInput,
    @Ctx() context: ApiContext,
  ): Promise<ProviderConnectionPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      const changed = { ...input, id: idOf('ProviderConnection', input.id, ['id']) }
      return { connection: new ProviderConnection(await updateConnection(context.services, caller, changed)) }
    })
  }

  @Mutation(() => ProviderConnectionPayload, {
    description: 'Sends nothing through a connection any more, and refuses its webhooks. Needs the scope ADMIN.',
  })
  disableConnection(
    @Arg('input', () => DisableConnectionInput) input: DisableConnectionInput,
    @Ctx() context: ApiContext,
  ): Promise<ProviderConnectionPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => ({
      connection: new ProviderConnection(await disableConnection(context.services, caller, idOf('ProviderConnection', input.id, ['id']))),
    }))
  }
}
