import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { DeliveryState } from '../../domain/webhook-delivery.ts'
import { ThroughlineError } from '../../errors.ts'
import {
  createEndpoint,
  deleteEndpoint,
  type EndpointView,
  listDeliveries,
  listEndpoints,
  replay,
  rotateEndpointSecret,
  updateEndpoint,
} from '../../services/webhooks-endpoints.ts'
import { type Page, PageArgs, pageOf } from '../connection.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { idOf } from '../global-id.ts'
import { expected } from '../user-error.ts'
import { DeliveryStateEnum } from './enums.ts'
import {
  CreateWebhookEndpointInput,
  DeleteWebhookEndpointInput,
  ReplayWebhookDeliveriesInput,
  RotateWebhookSecretInput,
  UpdateWebhookEndpointInput,
} from './inputs.ts'
import { ReplayPayload, WebhookDelivery, WebhookDeliveryConnection, WebhookEndpoint, WebhookEndpointPayload, WebhookSecretPayload } from './types.ts'

const MOST_NAMED = 100
const withSecret = ({ endpoint, secret }: { endpoint: EndpointView; secret: string }) => ({ endpoint: new WebhookEndpoint(endpoint), secret })

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  @Query(() => [WebhookEndpoint], { description: 'The servers that are told what happens, the oldest first; disabled ones included.' })
  async webhookEndpoints(@Ctx() context: ApiContext): Promise<WebhookEndpoint[]> {
    return (await listEndpoints(context.services, callerWith(context, 'read'))).map((row) => new WebhookEndpoint(row))
  }

  @FieldResolver(() => WebhookDeliveryConnection, { description: 'What it was told, and is still to be told, the newest first.' })
  deliveries(
    @Root() endpoint: WebhookEndpoint,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('states', () => [DeliveryStateEnum], { nullable: true, description: 'Only these; all where left out.' }) states: DeliveryState[] | null,
    @Ctx() context: ApiContext,
  ): Promise<Page<WebhookDelivery>> {
    const caller = callerWith(context, 'read')
    return pageOf(
      page,
      (slice) => listDeliveries(context.services, caller, { ...slice, endpointId: endpoint.uuid, states: states ?? null }),
      (row) => row.id,
      (row) => new WebhookDelivery(row),
    )
  }

  @Mutation(() => WebhookSecretPayload, {
    description: 'Tells a server what happens from now on. A workspace has at most 20. Needs the scope ADMIN.',
  })
  createWebhookEndpoint(
    @Arg('input', () => CreateWebhookEndpointInput) input: CreateWebhookEndpointInput,
    @Ctx() context: ApiContext,
  ): Promise<WebhookSecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => withSecret(await createEndpoint(context.services, caller, input)))
  }

  @Mutation(() => WebhookEndpointPayload, { description: 'Changes, disables or enables an endpoint. Needs the scope ADMIN.' })
  updateWebhookEndpoint(
    @Arg('input', () => UpdateWebhookEndpointInput) input: UpdateWebhookEndpointInput,
    @Ctx() context: ApiContext,
  ): Promise<WebhookEndpointPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      const id = idOf('WebhookEndpoint', input.id, ['id'])
      return { endpoint: new WebhookEndpoint(await updateEndpoint(context.services, caller, { ...input, id })) }
    })
  }

  @Mutation(() => WebhookSecretPayload, { description: 'A new signing secret. For a day the old one signs beside it. Needs the scope ADMIN.' })
  rotateWebhookSecret(
    @Arg('input', () => RotateWebhookSecretInput) input: RotateWebhookSecretInput,
    @Ctx() context: ApiContext,
  ): Promise<WebhookSecretPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () =>
      withSecret(await rotateEndpointSecret(context.services, caller, { ...input, id: idOf('WebhookEndpoint', input.id, ['id']) })),
    )
  }

  @Mutation(() => WebhookEndpointPayload, { description: 'Deletes an endpoint, and what it was still to be told. Needs the scope ADMIN.' })
  deleteWebhookEndpoint(
    @Arg('input', () => DeleteWebhookEndpointInput) input: DeleteWebhookEndpointInput,
    @Ctx() context: ApiContext,
  ): Promise<WebhookEndpointPayload> {
    const caller = callerWith(context, 'admin')
    return expected(async () => {
      await deleteEndpoint(context.services, caller, idOf('WebhookEndpoint', input.id, ['id']))
      return { endpoint: null }
    })
  }

  @Mutation(() => ReplayPayload, { description: 'Makes deliveries again, under the ids they had. Needs the scope WRITE.' })
  replayWebhookDeliveries(
    @Arg('input', () => ReplayWebhookDeliveriesInput) input: ReplayWebhookDeliveriesInput,
    @Ctx() context: ApiContext,
  ): Promise<ReplayPayload> {
    const caller = callerWith(context, 'write')
    return expected(async () => {
      const endpointId = idOf('WebhookEndpoint', input.endpointId, ['endpointId'])
      if ((input.deliveryIds?.length ?? 0) > MOST_NAMED)
        throw new ThroughlineError('LIMIT_EXCEEDED', `At most ${MOST_NAMED} at a time.`, { path: ['deliveryIds'] })
      const deliveryIds = input.deliveryIds?.map((id, index) => idOf('WebhookDelivery', id, ['deliveryIds', String(index)]))
      return { replayed: await replay(context.services, caller, { ...input, endpointId, deliveryIds }) }
    })
  }
}
