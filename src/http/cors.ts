import type { FastifyInstance } from 'fastify'

const ALLOWED = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '7200',
}

/**
 * Lets pages of every origin ask `/graphql` (https://fetch.spec.whatwg.org/#http-cors-protocol): a shop's page speaks for
 * its visitor with a contact's own token. Nothing here goes by cookies or by where a request comes from, so a page can
 * do no more than the token it was given.
 */
export function letPagesAsk(scope: FastifyInstance): void {
  scope.addHook('onSend', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', 'x-request-id, retry-after')
  })
  scope.options('/graphql', (_request, reply) => reply.code(204).headers(ALLOWED).send())
}
