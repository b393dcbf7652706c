import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

const NOTIFY: Statement = { name: 'notify', text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload' }

/** API processes listen here for keys that are revoked; the payload is the key's id. */
export const REVOKED_CHANNEL = 'throughline_revoked'

/** And for broadcasts that have come further, were paused, resumed or ended; the payload is the broadcast's id. */
export const BROADCAST_CHANNEL = 'throughline_broadcast'

/** Heard by listeners when, and only if, the transaction commits. */
export async function notify(client: Client, channel: string, payloads: readonly string[]): Promise<void> {
  if (payloads.length > 0) await run(client, NOTIFY, [channel, payloads])
}
