import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CallbackRequest, ChannelAdapter, Connection } from '../channels/channel.ts'
import { adapterFor, isProvider } from '../channels/registry.ts'
import { acceptCallbacks, findCallbackConnection } from '../services/callbacks.ts'
import type { Services } from '../services/context.ts'
import { isId } from '../services/input.ts'
import { rawRequest, refuse, takeBytes } from './raw-request.ts'

/** Meta's may have 3 MB: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview. What is refused would come again for a week. */
const LARGEST_BODY = 4 * 1024 * 1024

type Hook = FastifyRequest<{ Params: { provider: string; connection: string } }>
interface Found {
  callbacks: NonNullable<ChannelAdapter['callbacks']>
  connection: Connection
}

/**
 * POST /webhooks/:provider/:connection. Raw bytes, then the size, then the signature, then the inbox, then 2xx:
 * in this order, and never a 4xx to something validly signed that we cannot use.
 * GET of the same: a provider asks whether the address is ours before it sends anything there.
 */
export function webhookRoutes(services: Services) {
  const { publicUrl } = services.config

  /** null for anything that is no live connection of this provider's. */
  async function find({ params: { provider, connection: id } }: Hook): Promise<Found | null> {
    if (!isProvider(provider) || !isId(id)) return null
    const connection = await findCallbackConnection(services, id)
    const { callbacks } = adapterFor(provider)
    if (connection === null || connection.provider !== provider || callbacks === undefined) return null
    return { callbacks, connection: { ...connection, callbackUrl: `${publicUrl}/webhooks/${provider}/${id}` } }
  }

  return async (fastify: FastifyInstance): Promise<void> => {
    takeBytes(fastify, LARGEST_BODY)
    fastify.post('/webhooks/:provider/:connection', async (request: Hook, reply) => {
      const found = await find(request)
      const raw: CallbackRequest = { ...rawRequest(request), url: `${publicUrl}${request.raw.url ?? ''}` }
      if (found === null || !found.callbacks.verify(raw, found.connection)) return refuse(reply)
      const { callbacks, connection } = found
      return reply.code(200).send({ accepted: await acceptCallbacks(services, connection, callbacks.parse(raw, connection)) })
    })
    fastify.get('/webhooks/:provider/:connection', async (request: Hook, reply) => {
      const found = await find(request)
      const query = new URLSearchParams((request.raw.url ?? '').split('?')[1] ?? '')
      const answer = found?.callbacks.challenge?.(query, found.connection) ?? null
      if (answer === null) return refuse(reply)
      // Whatever it is: a browser must not take it for a page.
      return reply.code(200).header('x-content-type-options', 'nosniff').type('text/plain; charset=utf-8').send(answer)
    })
  }
}
