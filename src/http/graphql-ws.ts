import type { Server as HttpServer } from 'node:http'
import {
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { ThroughlineError } from '../errors.ts'
import type { ApiContext } from '../graphql/context.ts'
import { formatFault, toGraphQLError } from '../graphql/errors.ts'
import { checkSize, costOf, LIMITS } from '../graphql/limits.ts'
import { type LiveOperation, shareSubscriptions } from '../graphql/live/shared.ts'
import type { RateLimit } from '../graphql/rate-limit.ts'
import type { Logger } from '../logger.ts'
import type { Hub } from '../realtime/hub.ts'
import type { Heard, Listener } from '../realtime/share.ts'
import { payerOf } from './graphql-http.ts'
import { openLiveKeys } from './live-keys.ts'

const LARGEST_MESSAGE = 1024 * 1024
const MOST_SUBSCRIPTIONS = 100
/** Milliseconds in which a socket that is asked to close must have taken what it was sent. */
const LONGEST_GOODBYE = 2_000

export interface SocketDoor {
  close(): Promise<void>
}

/** What a listener hears, as answers; `extensions.missed` says how many it was too slow for. `release` may run twice. */
function told(listener: Listener<ExecutionResult>, release: () => void): AsyncIterableIterator<ExecutionResult> {
  const toAnswer = ({ value, missed }: Heard<ExecutionResult>): ExecutionResult => (missed > 0 ? { ...value, extensions: { missed } } : value)
  async function* answer() {
    try {
      for await (const heard of listener) yield toAnswer(heard)
    } finally {
      release()
    }
  }
  const answers = answer()
  const iterator: AsyncIterableIterator<ExecutionResult> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => answers.next(),
    async return() {
      // A generator that was never asked for anything runs no `finally`, and one that waits would hold up its own end.
      release()
      await listener.return()
      return answers.return(undefined)
    },
  }
  return iterator
}

/** `graphql-transport-ws` on /graphql: the key comes in `connection_init`, and every limit of the HTTP door holds here, too. */
export function openSocketDoor(options: {
  server: HttpServer
  schema: GraphQLSchema
  hub: Hub
  rateLimit: RateLimit
  log: Logger
  /** Throws UNAUTHENTICATED. */
  contextFor(authorization: string | undefined): Promise<ApiContext>
}): SocketDoor {
  const { schema, rateLimit, log } = options
  const sockets = new WebSocketServer({ server: options.server, path: '/graphql', maxPayload: LARGEST_MESSAGE })
  const format = (error: GraphQLError): GraphQLFormattedError => formatFault(error.toJSON(), error, { log, requestId: 'socket' })

  const prepare = async (
    authorization: string | undefined,
    payload: { query: string; variables?: Record<string, unknown> | null | undefined; operationName?: string | null | undefined },
  ) => {
    const document = parse(payload.query, { maxTokens: LIMITS.tokens })
    checkSize(document)
    const faults = validate(schema, document, specifiedRules)
    if (faults.length > 0) return faults
    const operation = getOperationAST(document, payload.operationName)
    if (!operation) throw new ThroughlineError('INVALID_INPUT', 'There is no operation of this name.')
    // The key is looked up again: one revoked since the socket was opened opens nothing more.
    const contextValue = await options.contextFor(authorization)
    rateLimit.charge(payerOf(contextValue), costOf(schema, document, operation, payload.variables ?? {}))
    return { schema, document, contextValue, variableValues: payload.variables, operationName: payload.operationName, authorization }
  }

  const authorizationOf = (parameters: Readonly<Record<string, unknown>> | undefined) => {
    const value = parameters?.authorization ?? parameters?.Authorization
    return typeof value === 'string' ? value : undefined
  }
  const subscribe = shareSubscriptions()
  const keys = openLiveKeys(options.hub, options.contextFor)
  const door = useServer(
    {
      schema,
      execute,
      async subscribe(args) {
        const operation = args as unknown as LiveOperation & { authorization: string }
        const opened = await subscribe(operation)
        if (!('next' in opened)) return opened
        return told(opened, keys.guard(operation.contextValue.caller?.keyId ?? null, operation.authorization, opened))
      },
      connectionInitWaitTimeout: 5_000,
      async onConnect(context) {
        try {
          await options.contextFor(authorizationOf(context.connectionParams))
          return true
        } catch (error) {
          // 4403 Forbidden is what the protocol has for a refused connection_init.
          if (error instanceof ThroughlineError) return false
          throw error
        }
      },
      async onSubscribe(context, _id, payload) {
        try {
          if (Object.keys(context.subscriptions).length > MOST_SUBSCRIPTIONS)
            throw new ThroughlineError('LIMIT_EXCEEDED', `At most ${MOST_SUBSCRIPTIONS} operations may run on one socket.`)
          return await prepare(authorizationOf(context.connectionParams), payload)
        } catch (error) {
          if (error instanceof GraphQLError) return [error]
          if (error instanceof ThroughlineError) return [toGraphQLError(error)]
          return [new GraphQLError('', { originalError: error as Error })]
        }
      },
      onError: (_context, _id, _payload, errors) => errors.map(format),
      onNext: (_context, _id, _payload, _args, result) =>
        ({ ...result, ...(result.errors ? { errors: result.errors.map(format) } : {}) }) as FormattedExecutionResult,
    },
    sockets,
    15_000,
  )
  return {
    async close() {
      keys.close()
      const late = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, LONGEST_GOODBYE)
      await door.dispose()
      clearTimeout(late)
    },
  }
}
