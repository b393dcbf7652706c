import type { Condition } from '../../domain/condition/condition.ts'
import { conditionToSql } from '../../domain/condition/sql.ts'
import { ask, type Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

export interface ContactSearch {
  workspaceId: string
  matching: Condition | null
  /** Among these alone; null: among all. */
  among: readonly { lane: number; id: string }[] | null
  /** Ids between which to look, neither included. */
  before: string | null
  since: string | null
  oldestFirst: boolean
  limit: number
  /** How many contacts are looked at, at most. */
  looks: number
}

const ABOUT: Statement = {
  name: 'contact_search_about',
  text: 'SELECT time_zone, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now FROM workspace WHERE id = $1',
}

/** One contact at a time until the page is full, in the order of their ids: a condition that holds for few costs no more than its `looks`. */
export async function searchContacts(client: Client, search: ContactSearch): Promise<{ ids: string[]; stoppedAt: string | null }> {
  const { workspaceId, matching, among, before, since, oldestFirst, limit, looks } = search
  const order = oldestFirst ? 'ASC' : 'DESC'
  const bounds = [workspaceId, before, since]
  const within = `workspace_id = $1 AND merged_into IS NULL AND ($2::uuid IS NULL OR id < $2) AND ($3::uuid IS NULL OR id > $3)`
  const named = among === null ? '' : 'AND (lane, id) IN (SELECT * FROM unnest($6::smallint[], $7::uuid[]))'
  const values: unknown[] = [...bounds, looks, limit, ...(among === null ? [] : [among.map((each) => each.lane), among.map((each) => each.id)])]
  const [about] = await run<{ time_zone: string; now: number }>(client, ABOUT, [workspaceId])
  const { time_zone: timeZone = 'UTC', now = 0 } = about ?? {}
  const condition = matching === null ? { text: 'true', values: [] } : conditionToSql(matching, { firstParameter: values.length + 1, now, timeZone })
  const looked = `SELECT * FROM contact WHERE ${within} ${named} ORDER BY id ${order} LIMIT $4`
  const { rows } = await ask<{ id: string }>(client, {
    text: `SELECT c.id FROM (${looked}) AS c WHERE ${condition.text} ORDER BY c.id ${order} LIMIT $5`,
    values: [...values, ...condition.values],
  })
  if (among !== null || rows.length === limit) return { ids: rows.map((row) => row.id), stoppedAt: null }
  const text = `SELECT id FROM contact WHERE ${within} ORDER BY id ${order} OFFSET $4 - 1 LIMIT 1`
  const [last] = await run<{ id: string }>(client, { name: `contact_search_last_${order.toLowerCase()}`, text }, [...bounds, looks])
  return { ids: rows.map((row) => row.id), stoppedAt: last?.id ?? null }
}
