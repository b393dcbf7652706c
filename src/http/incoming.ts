import type { FastifyInstance } from 'fastify'
import type { Services } from '../services/context.ts'
import { takeIncoming } from '../services/webhooks-arrivals.ts'
import { rawRequest, refuse, takeBytes } from './raw-request.ts'

const LARGEST_BODY = 1_048_576
const TOKEN = /^[A-Za-z0-9_-]{24}$/

/** POST /in/:token. Raw bytes, then the size, then the signature, then the inbox, then 2xx. */
export function incomingRoutes(services: Services) {
  return async (fastify: FastifyInstance): Promise<void> => {
    takeBytes(fastify, LARGEST_BODY)
    fastify.post<{ Params: { token: string } }>('/in/:token', async (request, reply) => {
      const { token } = request.params
      const accepted = TOKEN.test(token) ? await takeIncoming(services, token, rawRequest(request)) : null
      return accepted === null ? refuse(reply) : reply.code(200).send({ accepted })
    })
  }
}
