import type { Round } from '../../realtime/share.ts'
import { broadcastsByIds } from '../../services/broadcasts.ts'
import { messagesByIds } from '../../services/messages.ts'
import type { ApiContext } from '../context.ts'
import { coalesced, stream } from '../live/streams.ts'
import { Broadcast } from './types.ts'

/** A broadcast: at once, then whenever it has come further or something became of a message of its, coalesced. Ends at once for one that is not there. */
export function broadcastChanges(context: ApiContext, id: string): AsyncIterableIterator<Round<Broadcast>> {
  const { services } = context
  return stream(
    context,
    'messages',
    (changes, caller) =>
      coalesced(
        changes,
        async (ids) => ids.includes(id) || [...(await messagesByIds(services, caller, ids)).values()].some((row) => row.broadcastId === id),
        async () => {
          const row = (await broadcastsByIds(services, caller, [id])).get(id)
          return row === undefined ? null : new Broadcast(row)
        },
      ),
    { whose: id, kind: 'broadcasts' },
  )
}
