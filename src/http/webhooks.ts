import type { FastifyInstance } from 'fastify'
import type { CallbackRequest } from '../channels/channel.ts'
import { adapterFor, isProvider } from '../channels/registry.ts'
import { ERRORS } from '../errors.ts'
import { acceptCallbacks, findCallbackConnection } from '../services/callbacks.ts'
import type { Services } from '../services/context.ts'

const LARGEST_BODY = 2 * 1024 * 1024
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * POST /webhooks/:provider/:connection. Raw bytes, then the size, then the signature, then the inbox, then 2xx:
 * in this order, and never a 4xx to something validly signed that we cannot use.
 */
export function webhookRoutes(services: Services) {
  return async (fastify: FastifyInstance): Promise<void> => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LARGEST_BODY }, (_request, body, done) => done(null, body))
    fastify.post<{ Params: { provider: string; connection: string } }>('/webhooks/:provider/:connection', async (request, reply) => {
      const { provider, connection: id } = request.params
      const refused = () =>
        reply.code(ERRORS.SIGNATURE_INVALID.http).send({ error: { code: 'SIGNATURE_INVALID', message: ERRORS.SIGNATURE_INVALID.message } })
      // An unknown connection is answered like a wrong signature: who asks learns nothing of what exists.
      if (!isProvider(provider) || !UUID.test(id)) return refused()
      const connection = await findCallbackConnection(services, id)
      const adapter = adapterFor(provider)
      if (connection === null || connection.provider !== provider || adapter.callbacks === undefined) return refused()
      const callbackUrl = `${services.config.publicUrl}/webhooks/${provider}/${id}`
      const raw: CallbackRequest = {
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        url: `${services.config.publicUrl}${request.raw.url ?? ''}`,
      }
      const full = { ...connection, callbackUrl }
      if (!adapter.callbacks.verify(raw, full)) return refused()
      const accepted = await acceptCallbacks(services, connection, adapter.callbacks.parse(raw, full))
      return reply.code(200).send({ accepted })
    })
  }
}
