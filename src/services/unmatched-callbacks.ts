import type pg from 'pg'
import { RETENTION } from '../store/queries/retention.ts'
import { inTransaction, run, type Statement } from '../store/sql.ts'
import { arrive, type StatusCallback, statusItem } from './callbacks.ts'

/**
 * A callback may overtake the tick that stores the provider's id, by as long as that tick is behind. One that waits
 * longer than this waits for the hourly pass. Milliseconds.
 */
const LATELY = 300_000
/** How long a callback is kept: no provider repeats one later, and no message gets its provider's id later. Milliseconds. */
export const KEPT_FOR = RETENTION.unmatched_callback.days * 86_400_000
const BATCH = 500
const MOST_BATCHES = 100

const MATCH = `FROM unmatched_callback AS u,
    LATERAL (SELECT id, contact_id FROM message WHERE message.provider_message_id = u.provider_message_id AND message.connection_id = u.connection_id LIMIT 1) AS m
    WHERE u.received_at > now() - $1::float8 * interval '1 millisecond'`
/** Alone nearly every time, and then one statement instead of a transaction. */
const ANY_MATCH: Statement = { name: 'callback_any_match', text: `SELECT 1 ${MATCH} LIMIT 1` }
/** Of two workers that look at once, each takes what the other has not. */
const TAKE: Statement = {
  name: 'callback_take_matched',
  text: `WITH matched AS (SELECT u.id, m.id AS message_id, m.contact_id ${MATCH} LIMIT ${BATCH} FOR UPDATE OF u SKIP LOCKED)
    DELETE FROM unmatched_callback AS u USING matched WHERE u.id = matched.id
    RETURNING u.id AS digest, u.workspace_id, u.callback, u.received_at, matched.message_id, matched.contact_id`,
}

/**
 * Puts kept callbacks into the ring whose message has become known since. In the worker's role, which sees every
 * workspace. Looks at those kept in the last `within` milliseconds; returns how many went in.
 */
export async function matchCallbacks(pool: pg.Pool, lanes: number, within = LATELY): Promise<number> {
  let matched = 0
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    if ((await run(pool, ANY_MATCH, [within])).length === 0) break
    const taken = await inTransaction(pool, async (client) => {
      const rows = await run<Owned>(client, TAKE, [within])
      const arrivals = rows
        .sort((a, b) => a.received_at - b.received_at)
        .map((row) => ({
          digest: row.digest,
          item: statusItem(row.workspace_id, row.callback, { messageId: row.message_id, contactId: row.contact_id }),
        }))
      matched += await arrive(client, arrivals, lanes)
      return rows.length
    })
    if (taken === 0) break
  }
  return matched
}

interface Owned {
  digest: string
  workspace_id: string
  callback: StatusCallback
  received_at: number
  message_id: string
  contact_id: string
}
