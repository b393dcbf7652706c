import type { Channel } from '../domain/channel.ts'
import { inWorkspace, run, type Statement, together } from '../store/sql.ts'
import type { Caller, Services } from './context.ts'

/** Counters are exact at commit; a range takes whole hours, `from` inclusive, `to` exclusive. */
export interface Range {
  from: Date
  to: Date
}

export interface ChannelNumbers {
  planned: number
  sent: number
  delivered: number
  opened: number
  clicked: number
  replied: number
  failed: number
  bounced: number
  suppressed: number
  unknown: number
}

export interface NodeNumbers {
  entered: number
  left: Map<string, number>
  /** By reason. */
  suppressed: Map<string, number>
  /** Of its messages, by channel: those on which anything was counted. */
  channels: Map<Channel, ChannelNumbers>
}

export interface JourneyNumbers {
  started: number
  completed: number
  converted: number
  exited: number
  failed: number
  /** Milliseconds; null while nobody has ended. */
  averageDuration: number | null
  goals: number
  revenue: number
  cost: number
  nodes: Map<string, NodeNumbers>
}

const SUM: Statement = {
  name: 'analytics_sum',
  text: `SELECT node, metric, sum(n)::float8 AS n, sum(amount)::float8 AS amount FROM node_stats
    WHERE journey_id = $1 AND ($2::uuid IS NULL OR version_id = $2) AND ($3::timestamptz IS NULL OR hour >= $3) AND ($4::timestamptz IS NULL OR hour < $4) GROUP BY node, metric`,
}

const NONE: ChannelNumbers = {
  planned: 0,
  sent: 0,
  delivered: 0,
  opened: 0,
  clicked: 0,
  replied: 0,
  failed: 0,
  bounced: 0,
  suppressed: 0,
  unknown: 0,
}
const MESSAGE_METRICS = new Set(Object.keys(NONE))
const ENDS = new Set(['completed', 'converted', 'exited', 'failed'])

/** The counters of a journey, or of one version, summed over lanes. */
export async function journeyNumbers(
  services: Services,
  caller: Caller,
  input: { journeyId: string; versionId: string | null; range: Range | null },
): Promise<JourneyNumbers> {
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    run<{ node: string; metric: string; n: number; amount: number }>(client, SUM, [
      input.journeyId,
      input.versionId,
      input.range?.from ?? null,
      input.range?.to ?? null,
    ]),
  )
  const numbers: JourneyNumbers = {
    started: 0,
    completed: 0,
    converted: 0,
    exited: 0,
    failed: 0,
    averageDuration: null,
    goals: 0,
    revenue: 0,
    cost: 0,
    nodes: new Map(),
  }
  let duration = 0
  let ended = 0
  for (const { node, metric, n, amount } of rows) {
    if (node !== '') {
      if (metric.startsWith('sent@')) numbers.cost += amount
      countNode(nodeOf(numbers.nodes, node), metric, n)
    } else if (ENDS.has(metric)) {
      numbers[metric as 'completed'] = n
      ended += n
      duration += amount
    } else if (metric === 'started') numbers.started = n
    else if (metric === 'goal') {
      numbers.goals = n
      numbers.revenue = amount
    }
  }
  if (ended > 0) numbers.averageDuration = Math.round(duration / ended)
  return numbers
}

function nodeOf(nodes: Map<string, NodeNumbers>, key: string): NodeNumbers {
  const known = nodes.get(key) ?? { entered: 0, left: new Map(), suppressed: new Map(), channels: new Map() }
  nodes.set(key, known)
  return known
}

function countNode(node: NodeNumbers, metric: string, n: number): void {
  if (metric === 'entered') node.entered = n
  else if (metric.startsWith('left:')) node.left.set(metric.slice('left:'.length), n)
  else if (metric.startsWith('suppressed:')) node.suppressed.set(metric.slice('suppressed:'.length), n)
  else {
    const [name = '', channel] = metric.split('@') as [string, Channel?]
    if (channel === undefined || !MESSAGE_METRICS.has(name)) return
    const numbers = node.channels.get(channel) ?? { ...NONE }
    numbers[name as keyof ChannelNumbers] = n
    node.channels.set(channel, numbers)
  }
}

/** Numbers of several nodes or channels added up. */
export function addMessages(all: readonly ChannelNumbers[]): ChannelNumbers {
  const sum = { ...NONE }
  for (const each of all) for (const metric of Object.keys(sum) as (keyof ChannelNumbers)[]) sum[metric] += each[metric]
  return sum
}

const WAITING: Statement = {
  name: 'analytics_waiting',
  text: `SELECT node, count(*)::int AS n FROM enrollment WHERE journey_id = $1 AND ($2::uuid IS NULL OR version_id = $2) AND status = 'ACTIVE' GROUP BY node`,
}

/** Who rests where now, by node. */
export async function waitingNow(
  services: Services,
  caller: Caller,
  input: { journeyId: string; versionId: string | null },
): Promise<Map<string, number>> {
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    run<{ node: string | null; n: number }>(client, WAITING, [input.journeyId, input.versionId]),
  )
  return new Map(rows.map((row) => [row.node ?? '', row.n]))
}

/** A version's nodes: what was counted at each, and how many rest in each now. */
export interface VersionNodes {
  nodes: Map<string, NodeNumbers>
  waiting: Map<string, number>
}

const NODES: Statement = {
  name: 'analytics_nodes',
  text: `SELECT version_id, node, metric, sum(n)::float8 AS n FROM node_stats
    WHERE journey_id = ANY ($1::uuid[]) AND version_id = ANY ($2::uuid[]) AND node <> '' AND ($3::timestamptz IS NULL OR hour >= $3) AND ($4::timestamptz IS NULL OR hour < $4)
    GROUP BY version_id, node, metric`,
}
const RESTING: Statement = {
  name: 'analytics_resting',
  text: `SELECT version_id, node, count(*)::int AS n FROM enrollment
    WHERE journey_id = ANY ($1::uuid[]) AND version_id = ANY ($2::uuid[]) AND status = 'ACTIVE' AND node IS NOT NULL GROUP BY version_id, node`,
}

/** The nodes of any number of versions, in two statements; by version. `waiting` is of now, whatever the range. */
export async function nodeNumbers(
  services: Services,
  caller: Caller,
  versions: readonly { journeyId: string; versionId: string }[],
  range: Range | null,
): Promise<Map<string, VersionNodes>> {
  const found = new Map(versions.map(({ versionId }): [string, VersionNodes] => [versionId, { nodes: new Map(), waiting: new Map() }]))
  const which = [versions.map((each) => each.journeyId), versions.map((each) => each.versionId)]
  const [counts, resting] = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    together([
      run<{ version_id: string; node: string; metric: string; n: number }>(client, NODES, [...which, range?.from ?? null, range?.to ?? null]),
      run<{ version_id: string; node: string; n: number }>(client, RESTING, which),
    ]),
  )
  for (const row of counts) {
    const version = found.get(row.version_id)
    if (version !== undefined) countNode(nodeOf(version.nodes, row.node), row.metric, row.n)
  }
  for (const row of resting) found.get(row.version_id)?.waiting.set(row.node, row.n)
  return found
}

const IN_FLIGHT: Statement = {
  name: 'analytics_in_flight',
  text: `SELECT version_id, count(*)::int AS n FROM enrollment WHERE journey_id = ANY ($1::uuid[]) AND version_id = ANY ($2::uuid[]) AND status = 'ACTIVE' GROUP BY version_id`,
}

/** How many go through each of these versions now, by version; who has none is missing. */
export async function inFlight(
  services: Services,
  caller: Caller,
  versions: readonly { journeyId: string; versionId: string }[],
): Promise<Map<string, number>> {
  const which = [versions.map((each) => each.journeyId), versions.map((each) => each.versionId)]
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) => run<{ version_id: string; n: number }>(client, IN_FLIGHT, which))
  return new Map(rows.map((row) => [row.version_id, row.n]))
}

const PERCENTILES: Statement = {
  name: 'analytics_percentiles',
  text: `SELECT percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - entered_at) * 1000) AS p FROM enrollment
    WHERE journey_id = $1 AND ($2::uuid IS NULL OR version_id = $2) AND ended_at IS NOT NULL`,
}

/** Milliseconds from entry to end at the 50th, 90th and 99th percentile; null while nobody has ended. */
export async function durationPercentiles(
  services: Services,
  caller: Caller,
  journeyId: string,
  versionId: string | null = null,
): Promise<[number, number, number] | null> {
  const [row] = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    run<{ p: [number, number, number] | null }>(client, PERCENTILES, [journeyId, versionId]),
  )
  return row?.p ?? null
}

const SERIES: Statement = {
  name: 'analytics_series',
  text: `SELECT (extract(epoch FROM date_trunc($5, hour)) * 1000)::float8 AS at, CASE WHEN $2::text IS NULL AND metric LIKE 'failed@%' THEN 'message_failed' ELSE split_part(metric, '@', 1) END AS metric, sum(n)::float8 AS n FROM node_stats
    WHERE journey_id = $1 AND ($2::text IS NULL OR node = $2) AND hour >= $3 AND hour < $4 AND metric NOT LIKE '%:%' GROUP BY 1, 2 ORDER BY 1, 2`,
}

/**
 * Counters over time, in buckets of an hour or a UTC day: of one node, or ('' the journey's own) of all of them. In the
 * latter `failed` is people for whom the journey could not go on, and `message_failed` messages.
 */
export async function timeSeries(
  services: Services,
  caller: Caller,
  input: { journeyId: string; node: string | null; range: Range; bucket: 'hour' | 'day' },
): Promise<{ at: Date; metric: string; n: number }[]> {
  const { journeyId, node, range, bucket } = input
  const rows = await inWorkspace(services.apiPool, caller.workspaceId, (client) =>
    run<{ at: number; metric: string; n: number }>(client, SERIES, [journeyId, node, range.from, range.to, bucket]),
  )
  return rows.map((row) => ({ ...row, at: new Date(row.at) }))
}
