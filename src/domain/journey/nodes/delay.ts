import { parseDuration } from '../../duration.ts'
import { parseInstant } from '../../instant.ts'
import { readPath } from '../../json.ts'
import { choice, duration, list, number, object, optional, type Shape, text } from '../../shape.ts'
import { addDuration, atDate, nextTimeOfDay, nextWeekday } from '../../zone.ts'
import type { NodeKind, NodeScope, Outcome } from '../node-kind.ts'

export const ANCHORS = ['PREVIOUS_STEP', 'ENTRY', 'EVENT_TIME', 'ATTRIBUTE'] as const
export type Anchor = (typeof ANCHORS)[number]

export interface DelayConfig {
  /** Counted from the anchor; months, weeks and days by the calendar in the contact's zone. */
  duration?: string
  anchor?: Anchor
  /** For anchor ATTRIBUTE: the path of an ISO 8601 date or time in the contact's attributes. */
  attribute?: string
  until?: {
    /** `HH:MM`; alone: the next such time of day. */
    time?: string
    /** ISO numbers, 1 = Monday. */
    weekdays?: number[]
    /** `YYYY-MM-DD`. */
    date?: string
    /** Path of a date in the contact's attributes… */
    attribute?: string
    /** …moved by this much… */
    offset?: string
    /** …earlier or later. */
    direction?: 'BEFORE' | 'AFTER'
  }
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const timeOfDay = () => text({ title: 'Time of day', pattern: TIME, format: 'time-of-day' })

const config: Shape<DelayConfig> = object({
  duration: optional(duration({ title: 'Duration' })),
  anchor: optional(choice(ANCHORS, { title: 'Counted from' })),
  attribute: optional(text({ title: 'Attribute', description: 'For anchor ATTRIBUTE: where the date stands.' })),
  until: optional(
    object(
      {
        time: optional(timeOfDay()),
        weekdays: optional(list(number({ integer: true, min: 1, max: 7 }), { title: 'Weekdays', min: 1, max: 7 })),
        date: optional(text({ title: 'Date', pattern: /^\d{4}-\d{2}-\d{2}$/, format: 'date' })),
        attribute: optional(text({ title: 'Date attribute' })),
        offset: optional(duration({ title: 'Offset', allowZero: true })),
        direction: optional(choice(['BEFORE', 'AFTER'], { title: 'Direction' })),
      },
      { title: 'Until' },
    ),
  ),
}) as Shape<DelayConfig>

/** Holds the token for a time, or until one. The rule is kept, not the instant: a moved zone or date moves the wait. */
export const delay: NodeKind<DelayConfig> = {
  kind: 'delay',
  title: 'Delay',
  icon: 'clock',
  description: 'Waits for a duration, or until a time of day, weekday, date or date attribute, in the contact’s time zone.',
  category: 'flow',
  config,
  ports: () => [{ name: 'next', title: 'Next', required: true }],
  // A date, or what is counted from one, lies behind from the second visit on.
  waits: ({ duration, anchor = 'PREVIOUS_STEP', until }) =>
    duration === undefined ? until?.date === undefined && until?.attribute === undefined : anchor === 'PREVIOUS_STEP',
  check(settings, scope) {
    if ((settings.duration === undefined) === (settings.until === undefined))
      scope.report('INVALID_CONFIG', ['duration'], 'give either `duration` or `until`')
    if (settings.anchor === 'ATTRIBUTE' && settings.attribute === undefined)
      scope.report('INVALID_CONFIG', ['attribute'], 'is what anchor ATTRIBUTE counts from')
    const until = settings.until
    if (!until) return
    const ways = [until.date, until.attribute, until.weekdays].filter((each) => each !== undefined).length
    if (ways > 1) scope.report('INVALID_CONFIG', ['until'], 'date, attribute and weekdays exclude each other')
    if (ways === 0 && until.time === undefined) scope.report('INVALID_CONFIG', ['until'], 'says nothing to wait for')
    if (until.date !== undefined && parseInstant(until.date) === null) scope.report('INVALID_CONFIG', ['until', 'date'], 'is not a date')
  },
  arrive: wait,
  timer: wait,
}

function wait(settings: DelayConfig, scope: NodeScope): Outcome {
  const dueAt = dueTime(settings, scope)
  if (dueAt === null) {
    scope.note('waiting', { missing: settings.attribute ?? settings.until?.attribute ?? null })
    return { go: 'next' }
  }
  return dueAt <= scope.now ? { go: 'next' } : { stay: { dueAt } }
}

/** null where the attribute holds no date: nothing to wait for, so the token goes on. */
function dueTime(settings: DelayConfig, scope: NodeScope): number | null {
  const { enrollment, facts } = scope
  const zone = facts.contact.timeZone
  const since = enrollment.since
  const date = (path: string) => {
    const value = readPath(facts.contact.attributes, path)
    return typeof value === 'string' ? value : null
  }
  if (settings.duration !== undefined) {
    const length = parseDuration(settings.duration)
    if (length === null) return null
    if (settings.anchor === 'ATTRIBUTE') {
      const from = settings.attribute === undefined ? null : date(settings.attribute)
      const start = from === null ? null : atDate(from, null, zone)
      return start === null ? null : addDuration(start, length, zone)
    }
    const anchor =
      settings.anchor === 'ENTRY'
        ? enrollment.enteredAt
        : settings.anchor === 'EVENT_TIME'
          ? (enrollment.trigger.event?.occurredAt ?? enrollment.enteredAt)
          : since
    return addDuration(anchor, length, zone)
  }
  const until = settings.until
  if (until === undefined) return null
  if (until.date !== undefined) return atDate(until.date, until.time ?? null, zone)
  if (until.weekdays !== undefined) return nextWeekday(since, until.weekdays, until.time ?? '00:00', zone)
  if (until.attribute !== undefined) {
    const value = date(until.attribute)
    const base = value === null ? null : atDate(value, until.time ?? null, zone)
    const offset = until.offset === undefined ? null : parseDuration(until.offset)
    if (base === null || offset === null) return base
    const sign = until.direction === 'BEFORE' ? -1 : 1
    return addDuration(base, { months: sign * offset.months, days: sign * offset.days, millis: sign * offset.millis }, zone)
  }
  return until.time === undefined ? null : nextTimeOfDay(since, until.time, zone)
}
