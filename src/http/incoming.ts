import type { FastifyInstance } from 'fastify'
import { ERRORS } from '../errors.ts'
import type { Services } from '../services/context.ts'
import { takeIncoming } from '../services/webhooks-arrivals.ts'

const LARGEST_BODY = 1_048_576
const TOKEN = /^[A-Za-z0-9_-]{24}$/

/**
 * POST /in/:token. Raw bytes, then the size, then the signature, then the inbox, then 2xx. An address that is none is
 * answered like a wrong signature: who asks learns nothing of what exists.
 */
export function incomingRoutes(services: Services) {
  return async (fastify: FastifyInstance): Promise<void> => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LARGEST_BODY }, (_request, body, done) => done(null, body))
    fastify.post<{ Params: { token: string } }>('/in/:token', async (request, reply) => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]))
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const { token } = request.params
      const accepted = TOKEN.test(token) ? await takeIncoming(services, token, { headers, body }) : null
      if (accepted !== null) return reply.code(200).send({ accepted })
      return reply.code(ERRORS.SIGNATURE_INVALID.http).send({ error: { code: 'SIGNATURE_INVALID', message: ERRORS.SIGNATURE_INVALID.message } })
    })
  }
}
