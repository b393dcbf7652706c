import type { BroadcastStatus } from '../../domain/broadcast.ts'
import type { Channel, Purpose } from '../../domain/channel.ts'
import type { Condition } from '../../domain/condition/condition.ts'
import { conditionToSql } from '../../domain/condition/sql.ts'
import type { DevicePolicy } from '../../domain/gate.ts'
import { FIRST_ID } from '../../domain/ids.ts'
import type { JsonObject } from '../../domain/json.ts'
import { ask, type Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'
import { BROADCAST_CHANNEL, notify } from './notify.ts'

export interface Broadcasting {
  workspace_id: string
  channel: Channel
  devices: DevicePolicy | null
  template_id: string
  topic_id: string | null
  purpose: Purpose
  /** null: everybody, of those listed. */
  audience: Condition | null
  listed: number | null
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
  text: `SELECT b.workspace_id, b.channel, b.devices, b.template_id, b.topic_id, b.purpose, b.audience, b.listed, b.vars, b.per_second, b.status, b.runner, b.cursor, w.time_zone,
      (extract(epoch FROM b.created_at) * 1000)::float8 AS created_at, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM broadcast b JOIN workspace w ON w.id = b.workspace_id WHERE b.id = $1 FOR NO KEY UPDATE OF b`,
}
export async function lockBroadcast(client: Client, id: string): Promise<Broadcasting | null> {
  return (await run<Broadcasting>(client, LOCK, [id]))[0] ?? null
}

/** One contact of a page, and what the cursor has passed once it is handed over. */
export interface Recipient {
  id: string
  passed: string
}

/** The next contacts it is for, in the order of the list or of their ids; known halves of merged ones only. */
export async function nextOfAudience(client: Client, id: string, broadcast: Broadcasting, limit: number): Promise<Recipient[]> {
  const { audience, listed, workspace_id, cursor, now, time_zone: timeZone } = broadcast
  const condition =
    audience === null
      ? { text: 'true', values: [] }
      : conditionToSql(audience, { firstParameter: listed === null ? 4 : 5, now: Math.floor(now), timeZone })
  const values = [workspace_id, cursor ?? FIRST_ID, limit, ...(listed === null ? [] : [id]), ...condition.values]
  const from =
    listed === null
      ? 'contact c WHERE c.workspace_id = $1 AND c.id > $2 AND c.merged_into IS NULL'
      : `(SELECT id FROM unnest((SELECT recipients FROM broadcast WHERE id = $4)) AS u (id) WHERE id > $2 ORDER BY id) AS r
        JOIN contact half ON half.lane = lane_of(r.id) AND half.id = r.id
        JOIN contact c ON c.lane = lane_of(coalesce(half.merged_into, half.id)) AND c.id = coalesce(half.merged_into, half.id)
        WHERE c.workspace_id = $1`
  const passed = listed === null ? 'c.id' : 'r.id'
  const text = `SELECT c.id, ${passed} AS passed FROM ${from} AND c.erased_at IS NULL AND ${condition.text} ORDER BY ${passed} LIMIT $3`
  return (await ask<Recipient>(client, { text, values })).rows
}

const KNOWN: Statement = {
  name: 'broadcast_known',
  text: `SELECT t.n::int - 1 AS n, coalesce(c.merged_into, c.id) AS id FROM unnest($2::int[], $3::text[], $4::uuid[]) WITH ORDINALITY AS t (lane, reference, id, n)
    LEFT JOIN contact_alias a ON a.lane = t.lane AND a.workspace_id = $1 AND a.reference = t.reference
    JOIN contact c ON c.lane = lane_of(coalesce(a.contact_id, t.id)) AND c.id = coalesce(a.contact_id, t.id) AND c.workspace_id = $1 AND c.erased_at IS NULL`,
}
/** The contacts behind references or ids, merges followed, each with its place in the list; who is not there is left out. */
export async function knownOf(
  client: Client,
  workspaceId: string,
  list: readonly ({ lane: number; reference: string } | { id: string })[],
): Promise<{ n: number; id: string }[]> {
  const lanes = list.map((each) => ('id' in each ? null : each.lane))
  const references = list.map((each) => ('id' in each ? null : each.reference))
  const ids = list.map((each) => ('id' in each ? each.id : null))
  return run<{ n: number; id: string }>(client, KNOWN, [workspaceId, lanes, references, ids])
}

const LIST: Statement = { name: 'broadcast_list', text: 'UPDATE broadcast SET recipients = $2 WHERE id = $1' }
/** Whom it is for, by name. */
export async function listRecipients(client: Client, id: string, recipients: readonly string[]): Promise<void> {
  await run(client, LIST, [id, recipients])
}

const PASS: Statement = {
  name: 'broadcast_pass',
  text: `UPDATE broadcast SET cursor = coalesce($2, cursor), handed = handed + $3, status = CASE WHEN $4 THEN 'COMPLETED' ELSE status END,
      ended_at = CASE WHEN $4 THEN now() ELSE ended_at END WHERE id = $1`,
}
/** Notes how far it has come, and tells who follows it; `last` where there is nobody after them. */
export async function passBroadcast(client: Client, id: string, to: { cursor: string | null; handed: number; last: boolean }): Promise<void> {
  await run(client, PASS, [id, to.cursor, to.handed, to.last])
  await notify(client, BROADCAST_CHANNEL, [id])
}
