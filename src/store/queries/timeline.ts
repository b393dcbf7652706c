import { FIRST_ID, laneOf } from '../../domain/ids.ts'
import { TIMELINE_KINDS, type TimelineKind, type TimelinePlace } from '../../domain/timeline.ts'
import type { Client } from '../ask.ts'
import { run, type Statement } from '../sql.ts'

/** What a kind is read of; whatever names no `seq` and `n` has but one of each. */
interface Source {
  from: string
  at: string
  seq?: string
  n?: string
  only?: string
}

const VISITS = 'CROSS JOIN LATERAL json_array_elements(r.decisions::json) WITH ORDINALITY AS d (decision, n)'
const SOURCES: Readonly<Record<TimelineKind, Source>> = {
  CONSENT: { from: 'consent_change AS r', at: 'r.at' },
  EVENT: { from: 'event AS r', at: 'r.received_at' },
  CONVERSION: { from: 'conversion AS r', at: 'r.recorded_at' },
  VISIT: {
    from: `journal AS r ${VISITS}`,
    at: 'r.at',
    seq: 'r.seq',
    n: 'd.n::int',
    only: `AND r.enrollment_id IS NOT NULL AND d.decision->>'code' IN ('entered', 'arrived') AND d.decision->>'node' IS NOT NULL`,
  },
  MESSAGE: { from: 'message AS r', at: 'r.planned_at' },
  STATUS: { from: 'message_status AS r', at: 'r.received_at' },
}

const instant = (parameter: number, none: string) => `coalesce(to_timestamp($${parameter}::float8 / 1000000), '${none}')`
const BEFORE = instant(4, 'infinity')
const SINCE = instant(9, '-infinity')

/**
 * The next places of one source and half, by an index that ends in what it is ordered by. The instants alone stand apart from the rows they begin: the index
 * is entered by them, and partitions are left out by them. A page of a contact with 20,000 events, among 200,000 rows of the lane, took
 * 1 ms, and 2 to be planned; without the indexes it grows with the contact's history.
 */
function branch(kind: TimelineKind, direction: 'ASC' | 'DESC'): string {
  const { from, at, seq = '0', n = '0', only = '' } = SOURCES[kind]
  const rank = TIMELINE_KINDS.indexOf(kind)
  const place = `(${at}, ${rank}, ${seq}, r.id, ${n})`
  const order = [at, ...(seq === '0' ? [] : [seq]), 'r.id', ...(n === '0' ? [] : [n])].map((each) => `${each} ${direction}`).join(', ')
  return `(SELECT ${rank} AS rank, ${at} AS at, ${seq} AS seq, ${n} AS n, r.id FROM ${from}
    WHERE ${rank} = ANY ($3::int[]) AND r.lane = h.lane AND r.contact_id = h.contact_id ${only} AND ${at} <= ${BEFORE} AND ${at} >= ${SINCE}
      AND ${place} < (${BEFORE}, $5::int, $6::int, $7::uuid, $8::int) AND ${place} > (${SINCE}, $10::int, $11::int, $12::uuid, $13::int)
    ORDER BY ${order} LIMIT $14::int)`
}

function statement(direction: 'ASC' | 'DESC'): Statement {
  const order = ['at', 'rank', 'seq', 'id', 'n'].map((each) => `t.${each} ${direction}`).join(', ')
  return {
    name: `timeline_${direction.toLowerCase()}`,
    text: `SELECT (extract(epoch FROM t.at) * 1000000)::bigint AS at, t.rank, t.seq, t.n, t.id
      FROM unnest($1::smallint[], $2::uuid[]) AS h (lane, contact_id)
      CROSS JOIN LATERAL (${TIMELINE_KINDS.map((kind) => branch(kind, direction)).join(' UNION ALL ')}) AS t
      ORDER BY ${order} LIMIT $14::int`,
  }
}

/** Statements of both directions, for the test of their plans. */
export const TIMELINE: Readonly<Record<'newestFirst' | 'oldestFirst', Statement>> = { newestFirst: statement('DESC'), oldestFirst: statement('ASC') }

const bound = (place: TimelinePlace | null): unknown[] =>
  place === null ? [null, 0, 0, FIRST_ID, 0] : [place.at, TIMELINE_KINDS.indexOf(place.kind), place.seq, place.id, place.n]

export interface TimelineQuery {
  /** A contact and whoever was merged into it. */
  halves: readonly { lane: number; id: string }[]
  kinds: readonly TimelineKind[]
  before: TimelinePlace | null
  since: TimelinePlace | null
  oldestFirst: boolean
  limit: number
}

export function timelineValues({ halves, kinds, before, since, limit }: TimelineQuery): unknown[] {
  const ranks = kinds.map((kind) => TIMELINE_KINDS.indexOf(kind))
  return [halves.map((half) => half.lane), halves.map((half) => half.id), ranks, ...bound(before), ...bound(since), limit]
}

/** The next places of a history, from all its sources at once: at most `limit` rows are read of each. */
export async function findPlaces(client: Client, query: TimelineQuery): Promise<TimelinePlace[]> {
  type Row = Omit<TimelinePlace, 'kind'> & { rank: number }
  const rows = await run<Row>(client, query.oldestFirst ? TIMELINE.oldestFirst : TIMELINE.newestFirst, timelineValues(query))
  return rows.map(({ rank, ...row }) => ({ ...row, kind: TIMELINE_KINDS[rank] ?? 'CONSENT' }))
}

export interface VisitRow {
  id: string
  n: number
  enrollment_id: string
  node: string
  /** Unix milliseconds. */
  entered: number
  left: number | null
  port: string | null
}

/** A token rests in one node at a time: it left by the next decision to leave, of the same entry or of a later one. */
const READ_VISITS: Statement = {
  name: 'timeline_visits',
  text: `SELECT r.id, k.n, r.enrollment_id, r.decisions::json->(k.n - 1)->>'node' AS node, round(extract(epoch FROM r.at) * 1000)::float8 AS entered,
      round(extract(epoch FROM l.at) * 1000)::float8 AS left, l.port
    FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::int[]) AS k (lane, at, id, n)
    JOIN journal AS r ON r.lane = k.lane AND r.at = to_timestamp(k.at::float8 / 1000000) AND r.id = k.id
    LEFT JOIN LATERAL (SELECT o.at, o.port FROM (
      (SELECT r.at, 0 AS seq, d.decision->>'port' AS port FROM json_array_elements(r.decisions::json) WITH ORDINALITY AS d (decision, n)
        WHERE d.n > k.n AND d.decision->>'code' = 'left' ORDER BY d.n LIMIT 1)
      UNION ALL
      (SELECT x.at, x.seq, d.decision->>'port' FROM journal AS x CROSS JOIN LATERAL json_array_elements(x.decisions::json) WITH ORDINALITY AS d (decision, n)
        WHERE x.lane = r.lane AND x.contact_id = r.contact_id AND x.at >= r.at AND x.enrollment_id = r.enrollment_id AND x.seq > r.seq AND d.decision->>'code' = 'left'
        ORDER BY x.at, x.seq, d.n LIMIT 1)) AS o ORDER BY o.seq LIMIT 1) AS l ON true`,
}

/** The stays that begin at these places. */
export async function readVisits(client: Client, places: readonly TimelinePlace[]): Promise<VisitRow[]> {
  const column = <K extends 'at' | 'id' | 'n'>(name: K) => places.map((each) => each[name])
  return run<VisitRow>(client, READ_VISITS, [places.map(({ id }) => laneOf(id)), column('at'), column('id'), column('n')])
}
