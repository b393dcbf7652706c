import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'

/** Bodies of these routes stay the bytes that came, `largest` of them at most: it is over those that somebody has signed. */
export function takeBytes(fastify: FastifyInstance, largest: number): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largest }, (_request, body, done) => done(null, body))
}

/** What a signature is verified of. Names of headers in lower case; of one that came more than once, the first. */
export function rawRequest({ headers, body }: FastifyRequest): { headers: Record<string, string | undefined>; body: Buffer } {
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])),
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  }
}

/** The answer to a wrong signature, and to an address that is none: who asks learns nothing of what exists. */
export function refuse(reply: FastifyReply): FastifyReply {
  return reply.code(ERRORS.SIGNATURE_INVALID.http).send({ error: { code: 'SIGNATURE_INVALID', message: ERRORS.SIGNATURE_INVALID.message } })
}
