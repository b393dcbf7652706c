import { ThroughlineError } from '../../errors.ts'
import { type ConsentState, isOwnSurface } from '../channel.ts'
import { durationMillis } from '../duration.ts'
import type { Condition, EventCondition, PathComparison } from './condition.ts'
import { CONSENT_PRECEDENCE } from './consent-state.ts'
import { timeWindow } from './evaluate.ts'
import { applyMember, type BuiltIn, type ByMember, type MemberOf } from './members.ts'
import { enrollmentNeed } from './references.ts'
import { comparisonSql } from './sql-compare.ts'
import { type Bind, readPathSql } from './sql-path.ts'

export interface SqlOptions {
  /** Number of the first placeholder, e.g. 3 for `$3`. */
  firstParameter: number
  /** Unix milliseconds; what «within the last» counts back from. */
  now: number
  /** The workspace's zone, for contacts without one. */
  timeZone: string
}

export interface SqlCondition {
  /** A boolean expression, never null, over the alias `c` of table `contact`. */
  text: string
  values: unknown[]
}

interface SqlScope {
  bind: Bind
  options: SqlOptions
}

/**
 * The condition as SQL, agreeing with `evaluate` on every contact: for audiences, where one asks for a set. Expects what
 * `audienceConditionShape` accepts. Every sub-query takes the contact's own lane first, so it is one index probe.
 * @throws ThroughlineError INVALID_INPUT for members that need an enrollment
 */
export function conditionToSql(condition: Condition, options: SqlOptions): SqlCondition {
  const need = enrollmentNeed(condition)
  if (need !== null) throw new ThroughlineError('INVALID_INPUT', `«${need}» only makes sense inside a journey.`)
  const values: unknown[] = []
  const bind: Bind = (value, type) => {
    values.push(value)
    return `$${options.firstParameter + values.length - 1}::${type}`
  }
  return { text: write(condition, { bind, options }), values }
}

function write(condition: Condition, scope: SqlScope): string {
  return applyMember(MEMBERS, condition, scope) ?? 'false'
}

const refused = (): string => 'false'

const MEMBERS: ByMember<string, [SqlScope]> = {
  all: (members, scope) => joined(members, ' AND ', 'true', scope),
  any: (members, scope) => joined(members, ' OR ', 'false', scope),
  not: (member, scope) => `(NOT ${write(member, scope)})`,
  attribute: (comparison, scope) => comparisonSql(attributeSql(comparison, scope), comparison, scope.bind, scope.options.now),
  tag: (tag, { bind }) => `(${bind(tag, 'text')} = ANY (c.tags))`,
  event: eventSql,
  engagement: refused,
  key: refused,
  variable: refused,
  triggerEvent: refused,
  goal: refused,
  reachable: (channel, { bind }) => {
    const alive = 'c.erased_at IS NULL AND c.suppressed_at IS NULL'
    if (isOwnSurface(channel)) return `(${alive})`
    const active = `SELECT 1 FROM ${joinGroup('channel_identity')} WHERE r.channel = ${bind(channel, 'text')} AND r.status = 'ACTIVE'`
    return `(${alive} AND EXISTS (${active}))`
  },
  consent: consentSql,
  time: timeSql,
}

function joined(members: readonly Condition[], operator: string, empty: string, scope: SqlScope): string {
  return members.length === 0 ? empty : `(${members.map((member) => write(member, scope)).join(operator)})`
}

/**
 * The rows of a contact-scoped table, as `r`, that belong to the contact or to what was merged into it. Those others may
 * live in another lane, which their id carries (see ids.ts).
 */
function joinGroup(table: 'event' | 'channel_identity' | 'consent'): string {
  const linked = `SELECT ('x' || substr(l.id::text, 16, 3))::bit(12)::integer::smallint, l.id FROM unnest(c.linked) AS l(id)`
  const group = `(SELECT c.lane, c.id UNION ALL ${linked}) AS m(lane, id)`
  return `${group} JOIN ${table} r ON r.lane = m.lane AND r.contact_id = m.id AND r.workspace_id = c.workspace_id`
}

const BUILT_IN_SQL: Record<BuiltIn, (scope: SqlScope) => string> = {
  $externalId: () => 'to_jsonb(c.external_id)',
  $locale: () => 'to_jsonb(c.locale)',
  $timeZone: (scope) => `to_jsonb(${zoneOfContact(scope)})`,
  $createdAt: () => `to_jsonb(to_char(date_trunc('milliseconds', c.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
}

const zoneOfContact = ({ bind, options }: SqlScope) => `coalesce(c.time_zone, ${bind(options.timeZone, 'text')})`

function attributeSql({ path }: PathComparison, scope: SqlScope): string {
  if (!path.startsWith('$')) return readPathSql('c.attributes', path, scope.bind)
  return Object.hasOwn(BUILT_IN_SQL, path) ? BUILT_IN_SQL[path as BuiltIn](scope) : `'null'::jsonb`
}

const COUNT_OPERATORS: Record<NonNullable<EventCondition['count']>['op'], string> = { EQ: '=', NEQ: '<>', GT: '>', GTE: '>=', LT: '<', LTE: '<=' }

/** Counts no further than it takes to tell: one past the value decides every operator. */
function eventSql(condition: MemberOf<'event'>, { bind, options }: SqlScope): string {
  const { name, within, where = [], count = { op: 'GTE', value: 1 } } = condition
  const tests = [`r.name = ${bind(name, 'text')}`]
  if (within !== undefined) tests.push(`r.occurred_at >= ${bind(new Date(options.now - durationMillis(within)).toISOString(), 'timestamptz')}`)
  for (const comparison of where) tests.push(comparisonSql(readPathSql('r.properties', comparison.path, bind), comparison, bind, options.now))
  const rows = `SELECT 1 FROM ${joinGroup('event')} WHERE ${tests.join(' AND ')}`
  if (count.op === 'GTE' && count.value === 1) return `EXISTS (${rows})`
  const limit = bind(count.value + 1, 'bigint')
  return `((SELECT count(*) FROM (${rows} LIMIT ${limit}) AS n) ${COUNT_OPERATORS[count.op] ?? '='} ${bind(count.value, 'bigint')})`
}

const STATES_BY_PRECEDENCE = (Object.keys(CONSENT_PRECEDENCE) as ConsentState[]).sort((a, b) => CONSENT_PRECEDENCE[b] - CONSENT_PRECEDENCE[a])

/** `''` in the table is «all»; see `consentState` for which entry stands. */
function consentSql({ channel, topic, state }: MemberOf<'consent'>, { bind }: SqlScope): string {
  const entry = `SELECT r.state FROM ${joinGroup('consent')}
    WHERE r.channel IN ('', ${bind(channel ?? '', 'text')}) AND r.topic_id IN ('', ${bind(topic ?? '', 'text')})
    ORDER BY (r.channel <> '') DESC, (r.topic_id <> '') DESC, array_position(${bind(STATES_BY_PRECEDENCE, 'text[]')}, r.state) LIMIT 1`
  return `(coalesce((${entry}), 'UNKNOWN') = ${bind(state, 'text')})`
}

/** A zone PostgreSQL does not know counts as UTC, as it does in zone.ts; asking it outright would fail the whole query. */
function timeSql(time: MemberOf<'time'>, scope: SqlScope): string {
  const { bind, options } = scope
  const { days, from, to } = timeWindow(time)
  const zone = zoneOfContact(scope)
  const known = `CASE WHEN is_instant('2000-01-01 00:00:00 ' || z.name) THEN z.name ELSE 'UTC' END`
  const local = `SELECT ${bind(new Date(options.now).toISOString(), 'timestamptz')} AT TIME ZONE (${known}) AS at FROM (SELECT ${zone} AS name) AS z`
  const minute = 't.minute'
  const [start, end, wanted] = [bind(from, 'integer'), bind(to, 'integer'), bind(days, 'integer[]')]
  const today = `t.weekday = ANY (${wanted})`
  const eve = `(t.weekday + 5) % 7 + 1 = ANY (${wanted})`
  const holds =
    from < to
      ? `${minute} >= ${start} AND ${minute} < ${end} AND ${today}`
      : `CASE WHEN ${minute} >= ${start} THEN ${today} ELSE ${minute} < ${end} AND ${eve} END`
  const inDay = 'extract(hour FROM l.at)::integer * 60 + extract(minute FROM l.at)::integer'
  const parts = `SELECT ${inDay} AS minute, extract(isodow FROM l.at)::integer AS weekday`
  return `(SELECT ${holds} FROM (${parts} FROM (${local}) AS l) AS t)`
}
