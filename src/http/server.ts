import { randomUUID } from 'node:crypto'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { ERRORS, ThroughlineError } from '../errors.ts'
import { type ApiContext, identify } from '../graphql/context.ts'
import { createRateLimit } from '../graphql/rate-limit.ts'
import type { Logger } from '../logger.ts'
import type { Hub } from '../realtime/hub.ts'
import type { Services } from '../services/context.ts'
import { codeOfFault } from '../services/faults.ts'
import { letPagesAsk } from './cors.ts'
import { graphiqlRoutes } from './graphiql.ts'
import { createApollo, createSizeCheck, withStatus } from './graphql-http.ts'
import { openSocketDoor } from './graphql-ws.ts'
import { healthRoutes } from './health.ts'

/** A thousand events of 32 KiB would be 32 MB: whoever sends such sends fewer at once. */
const LARGEST_BODY = 8 * 1024 * 1024

export interface Server {
  url: string
  app: FastifyInstance
  /** Answers what is under way, closes sockets, frees the port. */
  close(): Promise<void>
}

export interface ServerOptions {
  services: Services
  schema: GraphQLSchema
  hub: Hub
  log: Logger
  /** Each is registered in a scope of its own, so that it may have its own body parsers. */
  routes?: readonly ((fastify: FastifyInstance) => Promise<void>)[]
}

export async function openServer({ services, schema, hub, log, routes = [] }: ServerOptions): Promise<Server> {
  const rateLimit = createRateLimit(services.config.rateLimitPerMinute)
  const apollo = createApollo(schema, rateLimit, log)
  await apollo.start()
  const contextFor = async (authorization: string | undefined, requestId: string): Promise<ApiContext> => ({
    services,
    hub,
    caller: await identify(services, authorization),
    loaders: new Map(),
    requestId,
  })

  // Keep-alive sockets that are idle end with the server; those with an answer under way get to finish it.
  const app = Fastify({
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: 'idle',
    requestTimeout: 60_000,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 4_096 },
  })
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
  })
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode
    const code = status === 413 ? 'LIMIT_EXCEEDED' : status !== undefined && status < 500 ? 'INVALID_INPUT' : codeOfFault(error)
    if (ERRORS[code].http >= 500) log.error({ error, requestId: request.id }, 'a request failed')
    return reply
      .code(status !== undefined && status < 500 ? status : ERRORS[code].http)
      .send({ error: { code, message: ERRORS[code].message, requestId: request.id } })
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: { code: 'NOT_FOUND', message: 'There is nothing here.' } }))

  const checkSource = createSizeCheck()
  await app.register(async (scope) => {
    letPagesAsk(scope)
    scope.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      handler: fastifyApolloHandler(apollo, {
        async context(request) {
          try {
            const authenticated = await contextFor(request.headers.authorization, request.id)
            checkSource(((request.method === 'GET' ? request.query : request.body) as { query?: unknown } | null | undefined)?.query)
            return authenticated
          } catch (error) {
            throw withStatus(error instanceof ThroughlineError ? error : new ThroughlineError(codeOfFault(error), undefined, { cause: error }))
          }
        },
      }),
    })
  })
  await app.register(graphiqlRoutes)
  await app.register(healthRoutes(services, hub))
  for (const plugin of routes) await app.register(plugin)

  const door = openSocketDoor({
    server: app.server,
    schema,
    hub,
    rateLimit,
    log,
    contextFor: (authorization) => contextFor(authorization, randomUUID()),
  })
  const { host, port } = services.config
  const url = (await app.listen({ host, port })).replace('[::1]', 'localhost')
  return {
    url,
    app,
    async close() {
      await door.close()
      await app.close()
      await apollo.stop()
    },
  }
}
