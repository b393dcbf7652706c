import type { BroadcastStatus } from '../../domain/broadcast.ts'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { Condition } from '../../domain/condition/condition.ts'
import { conditionToSql } from '../../domain/condition/sql.ts'
import type { JsonObject } from '../../domain/json.ts'
import { type Client, run, type Statement } from '../sql.ts'

export interface Broadcasting {
  workspace_id: string
  channel: Channel
  template_id: string
  topic_id: string | null
  purpose: Purpose
  audience: Condition
  vars: JsonObject
  per_second: number
  status: BroadcastStatus
  runner: string | null
  cursor: string | null
  time_zone: string
  /** Unix milliseconds. */
  created_at: number
  now: number
}

/** Locked: a pause, a cancellation or another runner waits until the page is committed, and is seen by the next. */
const LOCK: Statement = {
  name: 'broadcast_lock',
  text: `SELECT b.workspace_id, b.channel, b.template_id, b.topic_id, b.purpose, b.audience, b.vars, b.per_second, b.status, b.runner, b.cursor, w.time_zone,
      (extract(epoch FROM b.created_at) * 1000)::float8 AS created_at, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM broadcast b JOIN workspace w ON w.id = b.workspace_id WHERE b.id = $1 FOR NO KEY UPDATE OF b`,
}
export async function lockBroadcast(client: Client, id: string): Promise<Broadcasting | null> {
  return (await run<Broadcasting>(client, LOCK, [id]))[0] ?? null
}

/** The next contacts of the audience, in the order of their ids; known halves of merged ones only. */
export async function nextOfAudience(client: Client, broadcast: Broadcasting, limit: number): Promise<{ id: string }[]> {
  const { text, values } = conditionToSql(broadcast.audience, { firstParameter: 4, now: Math.floor(broadcast.now), timeZone: broadcast.time_zone })
  const statement = `SELECT c.id FROM contact c WHERE c.workspace_id = $1 AND c.id > $2 AND c.merged_into IS NULL AND c.erased_at IS NULL AND ${text}
    ORDER BY c.id LIMIT $3`
  const after = broadcast.cursor ?? '00000000-0000-0000-0000-000000000000'
  return (await client.query<{ id: string }>({ text: statement, values: [broadcast.workspace_id, after, limit, ...values] })).rows
}

const PASS: Statement = {
  name: 'broadcast_pass',
  text: `UPDATE broadcast SET cursor = coalesce($2, cursor), handed = handed + $3, status = CASE WHEN $4 THEN 'COMPLETED' ELSE status END,
      ended_at = CASE WHEN $4 THEN now() ELSE ended_at END WHERE id = $1`,
}
/** Notes how far it has come; `last` where there is nobody after them. */
export async function passBroadcast(client: Client, id: string, to: { cursor: string | null; handed: number; last: boolean }): Promise<void> {
  await run(client, PASS, [id, to.cursor, to.handed, to.last])
}
