import { createHash, randomUUID } from 'node:crypto'
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, Kind, print } from 'graphql'
import { canonicalJson } from '../../domain/json.ts'
import { type Listener, openShares, type Round } from '../../realtime/share.ts'
import type { ApiContext } from '../context.ts'

/** A subscription whose document was validated. */
export interface LiveOperation extends Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'> {
  contextValue: ApiContext
}

/** Answers errors where there is nothing to stream. */
export type Subscribe = (subscription: LiveOperation) => Promise<Listener<ExecutionResult> | ExecutionResult>

/** Who sees the same: all that makes a caller, but for the key itself, on which nothing that is streamed depends. */
const accessOf = ({ caller }: ApiContext) => caller && { ...caller, keyId: null, scopes: [...caller.scopes].sort() }

/** Whether it is of a field marked `unshared`: who joined what is under way would not hear how it began. */
function isUnshared({ schema, document }: LiveOperation): boolean {
  const fields = schema.getSubscriptionType()?.getFields() ?? {}
  const selected = document.definitions.flatMap((each) => ('selectionSet' in each ? (each.selectionSet?.selections ?? []) : []))
  return selected.some((each) => each.kind === Kind.FIELD && fields[each.name.value]?.extensions.unshared === true)
}

function nameOf(subscription: LiveOperation): string {
  if (isUnshared(subscription)) return randomUUID()
  const { document, operationName, variableValues, contextValue } = subscription
  const what = [print(document), operationName ?? null, variableValues ?? {}, accessOf(contextValue)]
  return createHash('sha256').update(canonicalJson(what)).digest('base64')
}

/** A round of things resolved together, so that loaders batch over the round; with loaders of its own, since they cache. */
async function resolveRound({ contextValue, ...operation }: LiveOperation, { values, ...round }: Round<unknown>): Promise<Round<ExecutionResult>> {
  const context: ApiContext = { ...contextValue, loaders: new Map() }
  return { ...round, values: await Promise.all(values.map((rootValue) => execute({ ...operation, rootValue, contextValue: context }))) }
}

/** What graphql-js's `subscribe` does, but for rounds: it would resolve one thing after the other. */
async function open(subscription: LiveOperation): Promise<AsyncIterator<Round<ExecutionResult>> | ExecutionResult> {
  const stream = (await createSourceEventStream(subscription)) as AsyncIterableIterator<Round<unknown>> | ExecutionResult
  if (!('next' in stream)) return stream
  return {
    async next() {
      const read = await stream.next()
      return read.done ? read : { done: false, value: await resolveRound(subscription, read.value) }
    },
    async return() {
      await stream.return?.()
      return { done: true, value: undefined }
    },
  }
}

/** Runs each subscription once per (operation, variables, access), however many listen to it in this process; but for what is unshared. */
export function shareSubscriptions(): Subscribe {
  const shares = openShares<ExecutionResult, ExecutionResult>()
  return (subscription) => shares.join(nameOf(subscription), () => open(subscription))
}
