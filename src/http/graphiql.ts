import type { FastifyInstance } from 'fastify'
import { ruruHTML } from 'ruru/server'
import { getStaticFile } from 'ruru/static'

const STATIC = '/graphiql/'
const PAGE = ruruHTML({ staticPath: STATIC, endpoint: '/graphql', subscriptionEndpoint: '/graphql' })

/** GraphiQL at `/`, every asset out of the installed package: it works without a way to the internet. */
export async function graphiqlRoutes(fastify: FastifyInstance): Promise<void> {
  fastify.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').header('referrer-policy', 'no-referrer').send(PAGE))
  fastify.get(`${STATIC}*`, async (request, reply) => {
    const file = await getStaticFile({
      staticPath: STATIC,
      urlPath: request.url,
      acceptEncoding: request.headers['accept-encoding'],
      disallowDevAssets: true,
    })
    if (file === null) return reply.code(404).send()
    return reply.headers(file.headers).header('cache-control', 'public, max-age=3600').send(file.content)
  })
}
