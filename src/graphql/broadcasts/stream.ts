import type { Change } from '../../realtime/hub.ts'
import type { Round } from '../../realtime/share.ts'
import { broadcastsByIds } from '../../services/broadcasts.ts'
import type { Caller } from '../../services/context.ts'
import { messagesByIds } from '../../services/messages.ts'
import { type ApiContext, callerWith } from '../context.ts'
import { PROGRESS_EVERY, stoppable } from '../live/streams.ts'
import { Broadcast } from './types.ts'

/** A broadcast: at once, then whenever it has come further or something became of a message of its, coalesced. Ends at once for one that is not there. */
export function broadcastChanges(context: ApiContext, id: string): AsyncIterableIterator<Round<Broadcast>> {
  const caller = callerWith(context, 'read')
  const changes = context.hub.watch(caller.workspaceId, 'messages', { whose: id, kind: 'broadcasts' })
  return stoppable(changes, rounds(context, caller, changes, id))
}

async function* rounds(
  { services }: ApiContext,
  caller: Caller,
  changes: AsyncIterableIterator<Change>,
  id: string,
): AsyncGenerator<Round<Broadcast>> {
  const read = async (): Promise<Round<Broadcast> | null> => {
    const row = (await broadcastsByIds(services, caller, [id])).get(id)
    return row === undefined ? null : { values: [new Broadcast(row)], missed: 0, standing: true }
  }
  const concernsIt = async (ids: readonly string[]) =>
    ids.includes(id) || [...(await messagesByIds(services, caller, ids)).values()].some((row) => row.broadcastId === id)
  try {
    const first = await read()
    if (first === null) return
    yield first
    for await (const { ids, missed } of changes) {
      if (missed === 0 && !(await concernsIt(ids))) continue
      // What changes meanwhile waits in the watcher, once.
      await new Promise((next) => setTimeout(next, PROGRESS_EVERY))
      const now = await read()
      if (now === null) return
      yield now
    }
  } finally {
    await changes.return?.()
  }
}
