import type { Duration } from './duration.ts'
import { parseInstant, parseTimeOfDay } from './instant.ts'

/** What a clock on the wall and the calendar beside it show. `month` from 1; `weekday` as in ISO 8601, 1 = Monday. */
export interface WallClock {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  millisecond: number
  weekday: number
}

/** Days may lie outside their month (they carry over), times are left out for midnight. */
export type WallTime = Pick<WallClock, 'year' | 'month' | 'day'> & Partial<Omit<WallClock, 'weekday'>>

const DAY = 86_400_000

/**
 * What is known of one zone on one UTC day: one offset, or two and the instant between them. `Intl` costs some
 * 2 µs a question and a tick asks tens of thousands; a day in the cache costs a map look-up. No zone has ever moved
 * its clocks twice within a day.
 */
interface ZoneDay {
  before: number
  after: number
  changeAt: number
}

interface Zone {
  format: Intl.DateTimeFormat
  days: Map<number, ZoneDay>
}

const zones = new Map<string, Zone | null>()
const MOST_DAYS = 4096

/** null for UTC and for names that are no zone. */
function zoneOf(name: string): Zone | null {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = name === 'UTC' ? null : open(name)
  if (zones.size >= 1000) zones.clear()
  zones.set(name, zone)
  return zone
}

/** Offsets such as `+05:30` are no zones here: `Intl` takes them, but PostgreSQL reads their sign the other way round. */
const NAME = /^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/

function open(name: string): Zone | null {
  if (!NAME.test(name)) return null
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    return { format, days: new Map() }
  } catch {
    return null
  }
}

/** Whether this is the name of an IANA zone (or of UTC) that this installation knows. */
export function isTimeZone(name: string): boolean {
  return name === 'UTC' || zoneOf(name) !== null
}

function askIntl(format: Intl.DateTimeFormat, instantMs: number): number {
  const second = Math.floor(instantMs / 1000) * 1000
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(second)) parts[type] = Number(value)
  return Date.UTC(parts.year ?? 0, (parts.month ?? 1) - 1, parts.day, parts.hour, parts.minute, parts.second) - second
}

/** First whole second in (low, high] at which the zone's offset is no longer the one at `low`. */
function changeBetween(format: Intl.DateTimeFormat, low: number, high: number, before: number): number {
  let lo = Math.floor(low / 1000)
  let hi = Math.ceil(high / 1000)
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2)
    if (askIntl(format, middle * 1000) === before) lo = middle
    else hi = middle
  }
  return hi * 1000
}

function zoneDay(zone: Zone, instantMs: number): ZoneDay {
  const index = Math.floor(instantMs / DAY)
  const known = zone.days.get(index)
  if (known) return known
  const start = index * DAY
  const before = askIntl(zone.format, start)
  const after = askIntl(zone.format, start + DAY)
  const day = { before, after, changeAt: before === after ? start : changeBetween(zone.format, start, start + DAY, before) }
  if (zone.days.size >= MOST_DAYS) zone.days.clear()
  zone.days.set(index, day)
  return day
}

/**
 * Milliseconds by which the wall clock is ahead of UTC. A name that `isTimeZone` refuses counts as UTC: zones are checked
 * where they are written, and a tick must not fail because a name was dropped from the zone data since.
 */
export function offsetAt(instantMs: number, zone: string): number {
  const known = zoneOf(zone)
  if (known === null || !Number.isFinite(instantMs)) return 0
  const day = zoneDay(known, instantMs)
  return instantMs < day.changeAt ? day.before : day.after
}

export function wallClockAt(instantMs: number, zone: string): WallClock {
  const shown = new Date(instantMs + offsetAt(instantMs, zone))
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    millisecond: shown.getUTCMilliseconds(),
    weekday: shown.getUTCDay() || 7,
  }
}

/**
 * The instant at which the wall clock shows this. In a gap (clocks put forward, a day left out): the first instant after
 * it. In a fold (clocks put back): the first of the two.
 */
export function instantOf(wall: WallTime, zone: string): number {
  const shown = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour ?? 0, wall.minute ?? 0, wall.second ?? 0, wall.millisecond ?? 0)
  const known = zoneOf(zone)
  if (known === null || !Number.isFinite(shown)) return shown
  // No zone is further from UTC than 15 hours, so a day to either side lies before and after whatever change is near.
  const before = offsetAt(shown - DAY, zone)
  const after = offsetAt(shown + DAY, zone)
  // The larger offset gives the earlier instant.
  const first = shown - Math.max(before, after)
  if (offsetAt(first, zone) === shown - first) return first
  const second = shown - Math.min(before, after)
  if (offsetAt(second, zone) === shown - second) return second
  return changeBetween(known.format, first - 1000, second, before)
}

/**
 * Months and days by the calendar in the zone (31 January + P1M is the last of February), then milliseconds by the clock.
 * Members may be negative. A duration without calendar parts never looks at the zone, so it is exact across a fold.
 */
export function addDuration(instantMs: number, duration: Duration, zone: string): number {
  const { months, days, millis } = duration
  if (months === 0 && days === 0) return instantMs + millis
  const wall = wallClockAt(instantMs, zone)
  const monthIndex = wall.year * 12 + wall.month - 1 + months
  const year = Math.floor(monthIndex / 12)
  const month = monthIndex - year * 12 + 1
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return instantOf({ ...wall, year, month, day: Math.min(wall.day, last) + days }, zone) + millis
}

/** First instant strictly after the given one at which the wall clock shows `HH:MM`, on any day that exists. */
export function nextTimeOfDay(instantMs: number, time: string, zone: string): number {
  return nextWeekday(instantMs, [], time, zone)
}

/**
 * The same on one of these ISO weekdays (1 = Monday; none given: on any day). A time in a gap moves to the gap's end; a day
 * that the zone left out altogether (Apia's 30 December 2011) is passed over. A `time` that is none counts as midnight.
 */
export function nextWeekday(instantMs: number, weekdays: readonly number[], time: string, zone: string): number {
  const minutes = parseTimeOfDay(time) ?? 0
  const { year, month, day: today } = wallClockAt(instantMs, zone)
  // A fortnight and a bit: a wanted weekday may be the day that was left out.
  for (let ahead = 0; ahead <= 15; ahead++) {
    const day = today + ahead
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay() || 7
    if (weekdays.length > 0 && !weekdays.includes(weekday)) continue
    const at = instantOf({ year, month, day, hour: 0, minute: minutes }, zone)
    if (at <= instantMs) continue
    if (wallClockAt(instantOf({ year, month, day }, zone), zone).weekday === weekday) return at
  }
  return instantMs + 7 * DAY
}

/**
 * `YYYY-MM-DD` at `HH:MM` on the wall clock; of an instant (ISO 8601 text or Unix milliseconds), the day it falls on in the
 * zone, at `HH:MM`. Without a time: the day's first moment, or the instant itself. null where it is none of these.
 */
export function atDate(date: string | number, time: string | null, zone: string): number | null {
  const instant = parseInstant(date)
  if (instant === null) return null
  const dateOnly = typeof date === 'string' && date.length === 10
  if (time === null && !dateOnly) return instant
  const wall = wallClockAt(instant, dateOnly ? 'UTC' : zone)
  const minutes = time === null ? 0 : parseTimeOfDay(time)
  return minutes === null ? null : instantOf({ year: wall.year, month: wall.month, day: wall.day, hour: 0, minute: minutes }, zone)
}
