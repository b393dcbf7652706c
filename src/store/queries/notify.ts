import { type Client, run, type Statement } from '../sql.ts'

const NOTIFY: Statement = { name: 'notify', text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload' }

/** Heard by listeners when, and only if, the transaction commits. */
export async function notify(client: Client, channel: string, payloads: readonly string[]): Promise<void> {
  if (payloads.length > 0) await run(client, NOTIFY, [channel, payloads])
}
