import {
  defaultFieldResolver,
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql'
import { UNSTORABLE, unstorableIn } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import type { ApiContext } from './context.ts'
import { expected } from './user-error.ts'

type Resolve = GraphQLFieldResolver<unknown, ApiContext>

/** What in a field's arguments cannot be kept; null where all can. Paths of user errors lead from the mutation's one argument. */
function faultIn(args: unknown): ThroughlineError | null {
  const way = unstorableIn(args)
  if (way === null) return null
  const path = way[0] === 'input' ? way.slice(1) : way
  return new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path })
}

/** A payload that says why nothing was done; its lists are empty, all else is null. */
async function refusal(payload: GraphQLOutputType, fault: ThroughlineError): Promise<object> {
  const type = getNullableType(payload)
  const lists = isObjectType(type) ? Object.values(type.getFields()).filter((field) => isListType(getNullableType(field.type))) : []
  const answer = await expected(() => Promise.reject<object>(fault))
  return { ...Object.fromEntries(lists.map((field) => [field.name, []])), ...answer }
}

/** graphql-js takes an error with a `path` for one of its own that is located already; ours has the path to an argument. */
function locate(error: unknown, { fieldNodes, path }: GraphQLResolveInfo): unknown {
  if (!(error instanceof ThroughlineError)) return error
  const way: (string | number)[] = []
  for (let at: typeof path | undefined = path; at !== undefined; at = at.prev) way.unshift(at.key)
  return new GraphQLError(error.message, { nodes: fieldNodes, path: way, originalError: error })
}

/**
 * Stands before every resolver that takes arguments. Text that PostgreSQL cannot keep is refused: a statement with a
 * NUL in it fails as if the fault were ours, and whichever field forgot to look would answer INTERNAL. A mutation
 * marked `judgesEach` judges what it is sent piece by piece, and is left to. Faults are told where they stand.
 */
export function guardFields(schema: GraphQLSchema): void {
  const [mutations, subscriptions] = [schema.getMutationType(), schema.getSubscriptionType()]
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      if (field.args.length === 0) continue
      const entry = type === subscriptions ? 'subscribe' : 'resolve'
      const resolve: Resolve = field[entry] ?? defaultFieldResolver
      const judgesEach = field.extensions.judgesEach === true
      field[entry] = async (source, args, context: ApiContext, info) => {
        try {
          const fault = judgesEach ? null : faultIn(args)
          if (fault === null) return await resolve(source, args, context, info)
          if (type === mutations) return await refusal(field.type, fault)
          throw fault
        } catch (error) {
          throw locate(error, info)
        }
      }
    }
  }
}
