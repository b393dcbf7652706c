import type { Change } from '../../realtime/hub.ts'
import type { Round } from '../../realtime/share.ts'
import type { Caller } from '../../services/context.ts'
import { handOver, type InAppPlace, inAppContact, inAppSince } from '../../services/in-app.ts'
import { type ApiContext, callerOrContact } from '../context.ts'
import { stoppable } from '../live/streams.ts'
import { InAppMessage } from './types.ts'

/**
 * What a contact is shown, as it changes. Every time all that changed since the last is read: a notification that was
 * missed is made up for by the next one, or by the connection's coming back.
 */
export async function inAppChanges(
  context: ApiContext,
  contactId: string | null,
  place: InAppPlace,
): Promise<AsyncIterableIterator<Round<InAppMessage>>> {
  const caller = callerOrContact(context, 'read')
  const whose = await inAppContact(context.services, caller, contactId)
  // A token names the half it was made for, and a merge later on does not change that: all halves are told.
  const changes = context.hub.watch(whose, 'inApp')
  return stoppable(changes, rounds(context, caller, changes, whose, place))
}

async function* rounds(
  { services }: ApiContext,
  caller: Caller,
  changes: AsyncIterable<Change>,
  contactId: string,
  place: InAppPlace,
): AsyncGenerator<Round<InAppMessage>> {
  let since: number | null = null
  let known = new Map<string, number>()
  const read = async (): Promise<Round<InAppMessage> | null> => {
    const isFirst = since === null
    const { now, rows } = await inAppSince(services, caller, contactId, place, since)
    const fresh = rows.filter((row) => known.get(row.id) !== row.revision && (row.showing || !isFirst))
    // What changed longer ago is not read again until it changes again.
    known = new Map(rows.map((row) => [row.id, row.revision]))
    since = now
    await handOver(services, caller, fresh)
    return fresh.length === 0 ? null : { values: fresh.map((row) => new InAppMessage(row)), missed: 0 }
  }
  // What came in the last minute comes first: it may be newer than what the app has fetched before it listened.
  const recent = await read()
  if (recent !== null) yield recent
  for await (const _ of changes) {
    const round = await read()
    if (round !== null) yield round
  }
}
