import { isOwnSurface } from '../channel.ts'
import { durationMillis } from '../duration.ts'
import type { ContactFacts, EventFact, Facts } from '../facts.ts'
import { parseTimeOfDay } from '../instant.ts'
import { type EnrollmentState, startOf } from '../journey/enrollment.ts'
import { matchesKey } from '../journey/match.ts'
import { memoOfNode } from '../journey/message-memo.ts'
import { type Json, type JsonObject, readPath } from '../json.ts'
import { wallClockAt } from '../zone.ts'
import { comparator } from './compare.ts'
import type { Condition, EngagementStatus, EventCondition, PathComparison, PropertyFilter } from './condition.ts'
import { consentState } from './consent-state.ts'
import { applyMember, type BuiltIn, type ByMember, type MemberOf } from './members.ts'

/** What a condition looks at. `now` is Unix milliseconds. Members that need an enrollment are false where there is none. */
export interface ConditionScope {
  readonly facts: Facts
  readonly enrollment: EnrollmentState | null
  readonly now: number
}

export type CompiledCondition = (scope: ConditionScope) => boolean

/** The condition as a closure: operands are read once, here. Total: it never throws on any facts. */
export function compileCondition(condition: Condition): CompiledCondition {
  return applyMember(MEMBERS, condition) ?? never
}

const compiled = new WeakMap<Condition, CompiledCondition>()

/** Whether the condition holds; compiles it the first time it sees the object. */
export function evaluate(condition: Condition, scope: ConditionScope): boolean {
  let holds = compiled.get(condition)
  if (holds === undefined) {
    holds = compileCondition(condition)
    compiled.set(condition, holds)
  }
  return holds(scope)
}

const filters = new WeakMap<PropertyFilter, (properties: JsonObject, now: number) => boolean>()

/** Whether every comparison holds on the properties; no filter holds on all. */
export function matchesFilter(properties: JsonObject, filter: PropertyFilter | undefined, now: number): boolean {
  if (filter === undefined) return true
  let matches = filters.get(filter)
  if (matches === undefined) {
    const tests = filter.map(onPath)
    matches = (data, at) => tests.every((test) => test(data, at))
    filters.set(filter, matches)
  }
  return matches(properties, now)
}

const never = () => false

function onPath(comparison: PathComparison): (data: unknown, now: number) => boolean {
  const holds = comparator(comparison)
  return (data, now) => holds(readPath(data, comparison.path), now)
}

const BUILT_IN_VALUES: Record<BuiltIn, (contact: ContactFacts) => Json> = {
  $externalId: (contact) => contact.externalId,
  $locale: (contact) => contact.locale,
  $timeZone: (contact) => contact.timeZone,
  $createdAt: (contact) => new Date(contact.createdAt).toISOString(),
}

/** Reads an attribute, or with `$` before its name one of the contact's own fields. */
export function readAttribute(contact: ContactFacts, path: string): Json | undefined {
  if (!path.startsWith('$')) return readPath(contact.attributes, path)
  return Object.hasOwn(BUILT_IN_VALUES, path) ? BUILT_IN_VALUES[path as BuiltIn](contact) : undefined
}

const RANKS: Record<Exclude<EngagementStatus, 'FAILED'>, number> = { SENT: 1, DELIVERED: 2, OPENED: 3, CLICKED: 4, REPLIED: 5 }

const MEMBERS: ByMember<CompiledCondition> = {
  all: (members) => {
    const tests = members.map(compileCondition)
    return (scope) => tests.every((test) => test(scope))
  },
  any: (members) => {
    const tests = members.map(compileCondition)
    return (scope) => tests.some((test) => test(scope))
  },
  not: (member) => {
    const test = compileCondition(member)
    return (scope) => !test(scope)
  },
  attribute: (comparison) => {
    const holds = comparator(comparison)
    return ({ facts, now }) => holds(readAttribute(facts.contact, comparison.path), now)
  },
  tag:
    (tag) =>
    ({ facts }) =>
      facts.contact.tags.includes(tag),
  event: eventHappened,
  engagement:
    ({ node, status }) =>
    ({ enrollment }) => {
      const message = enrollment === null ? undefined : memoOfNode(enrollment.messages, node)
      if (message === undefined) return false
      return status === 'FAILED' ? message.failed : message.rank >= RANKS[status]
    },
  key: (comparison) => {
    const holds = comparator(comparison)
    return ({ enrollment, now }) => enrollment !== null && holds(enrollment.key, now)
  },
  variable: (comparison) => {
    const holds = onPath(comparison)
    return ({ enrollment, now }) => enrollment !== null && holds(enrollment.vars, now)
  },
  triggerEvent: (comparison) => {
    const holds = onPath(comparison)
    return ({ enrollment, now }) => enrollment !== null && holds(enrollment.trigger.event?.properties, now)
  },
  goal:
    (goal) =>
    ({ enrollment }) =>
      enrollment !== null && Object.hasOwn(enrollment.goals, goal),
  reachable:
    (channel) =>
    ({ facts }) =>
      !facts.contact.erased &&
      !facts.contact.suppressed &&
      (isOwnSurface(channel) || facts.identities.some((identity) => identity.channel === channel && identity.status === 'ACTIVE')),
  consent:
    ({ channel, topic, state }) =>
    ({ facts }) =>
      consentState(facts.consents, channel ?? null, topic ?? null) === state,
  time: withinTime,
}

const COUNTS: Record<NonNullable<EventCondition['count']>['op'], (count: number, value: number) => boolean> = {
  EQ: (count, value) => count === value,
  NEQ: (count, value) => count !== value,
  GT: (count, value) => count > value,
  GTE: (count, value) => count >= value,
  LT: (count, value) => count < value,
  LTE: (count, value) => count <= value,
}

/**
 * Counts the events that fit. `within` has no upper end: a sender's clock that runs ahead must not hide what has just
 * happened. Since entry: at or after it by `occurredAt`, the event that made the entry left out.
 */
function eventHappened(condition: EventCondition): CompiledCondition {
  const { name, where, matchKey, sinceEntry, within } = condition
  const span = within === undefined ? null : durationMillis(within)
  const count = condition.count ?? { op: 'GTE', value: 1 }
  const accept = Object.hasOwn(COUNTS, count.op) ? COUNTS[count.op] : never
  return ({ facts, enrollment, now }) => {
    if (enrollment === null && (sinceEntry || matchKey !== undefined)) return false
    const from = Math.max(
      span === null ? Number.NEGATIVE_INFINITY : now - span,
      sinceEntry && enrollment ? startOf(enrollment) : Number.NEGATIVE_INFINITY,
    )
    const entry = sinceEntry ? enrollment?.trigger.event?.id : undefined
    const fits = (event: EventFact) =>
      event.name === name &&
      event.occurredAt >= from &&
      event.id !== entry &&
      (enrollment === null || matchesKey(event, matchKey, enrollment.key)) &&
      matchesFilter(event.properties, where, now)
    let found = 0
    for (const event of facts.history) if (fits(event)) found++
    return accept(found, count.value)
  }
}

/** The window a time condition describes, in minutes since midnight; `to` at or before `from`: it ends on the next day. */
export function timeWindow(time: MemberOf<'time'>): { days: readonly number[]; from: number; to: number } {
  const from = (time.from === undefined ? null : parseTimeOfDay(time.from)) ?? 0
  const to = (time.to === undefined ? null : parseTimeOfDay(time.to)) ?? 1440
  return { days: time.days && time.days.length > 0 ? time.days : [1, 2, 3, 4, 5, 6, 7], from, to }
}

/** A window over midnight belongs to the day it begins on: Friday 22:00 to 02:00 holds on Saturday at one. */
function withinTime(time: MemberOf<'time'>): CompiledCondition {
  const { days, from, to } = timeWindow(time)
  return ({ facts, now }) => {
    const wall = wallClockAt(now, facts.contact.timeZone)
    const minute = wall.hour * 60 + wall.minute
    if (from < to) return minute >= from && minute < to && days.includes(wall.weekday)
    if (minute >= from) return days.includes(wall.weekday)
    return minute < to && days.includes(wall.weekday === 1 ? 7 : wall.weekday - 1)
  }
}
