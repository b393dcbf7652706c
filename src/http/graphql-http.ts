import { ApolloServer, type ApolloServerPlugin, HeaderMap } from '@apollo/server'
import { type DocumentNode, GraphQLError, type GraphQLSchema, parse } from 'graphql'
import { ThroughlineError } from '../errors.ts'
import type { ApiContext } from '../graphql/context.ts'
import { formatFault, toGraphQLError } from '../graphql/errors.ts'
import { checkSize, costOf, LIMITS } from '../graphql/limits.ts'
import type { RateLimit } from '../graphql/rate-limit.ts'
import type { Logger } from '../logger.ts'

/** Turns what a limit throws into what Apollo answers with the right status. */
function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof ThroughlineError ? withStatus(error) : error
  }
}

/** Apollo wants its own map for headers. */
export function withStatus(error: ThroughlineError): GraphQLError {
  const made = toGraphQLError(error)
  const http = made.extensions.http as { status: number; headers: Map<string, string> }
  return new GraphQLError(made.message, {
    originalError: error,
    extensions: { code: error.code, http: { status: http.status, headers: new HeaderMap(http.headers) } },
  })
}

const MOST_KNOWN = 1_000
const LONGEST_KNOWN = 10_000

/**
 * Measures operations before Apollo validates them: validation is quadratic in a document's fields, and none of
 * Apollo's hooks before it may refuse. Sources found sound are remembered, so that a repeated one is parsed once.
 */
export function createSizeCheck(): (source: unknown) => void {
  const known = new Set<string>()
  return (source) => {
    if (typeof source !== 'string' || known.has(source)) return
    let document: DocumentNode
    try {
      document = parse(source, { maxTokens: LIMITS.tokens, noLocation: true })
    } catch {
      // Apollo meets the same fault at once and says where it is.
      return
    }
    checkSize(document)
    if (source.length > LONGEST_KNOWN) return
    if (known.size >= MOST_KNOWN) known.clear()
    known.add(source)
  }
}

/** Cost and allowance, once the operation and its variables are known. */
function limitsPlugin(schema: GraphQLSchema, rateLimit: RateLimit): ApolloServerPlugin<ApiContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request, contextValue }) {
          // An operationName that is not there has no operation; Apollo answers that itself.
          if (operation) refusing(() => rateLimit.charge(payerOf(contextValue), costOf(schema, document, operation, request.variables ?? {})))
        },
      }
    },
  }
}

/** Who is charged: the key, or the contact whose token it is. */
export function payerOf(context: ApiContext): string {
  return context.caller?.contactId ?? context.caller?.keyId ?? context.caller?.workspaceId ?? 'admin'
}

export function createApollo(schema: GraphQLSchema, rateLimit: RateLimit, log: Logger): ApolloServer<ApiContext> {
  // formatError is told of an error and not of its request.
  const requests = new WeakMap<object, string>()
  return new ApolloServer<ApiContext>({
    schema,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    // Documents are kept by their hash once they are valid, so that a repeated operation is parsed and measured once.
    parseOptions: { maxTokens: LIMITS.tokens },
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger: { debug() {}, info() {}, warn: (message) => log.warn(message), error: (message) => log.error(message) },
    plugins: [
      limitsPlugin(schema, rateLimit),
      {
        async requestDidStart({ contextValue }) {
          return {
            async didEncounterErrors({ errors }) {
              for (const error of errors) requests.set(error, contextValue.requestId)
            },
          }
        },
      },
    ],
    formatError: (formatted, error) => formatFault(formatted, error, { log, requestId: requests.get(error as object) ?? 'none' }),
  })
}
