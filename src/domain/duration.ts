/**
 * An ISO 8601 duration, apart in what the calendar decides (months, days) and what the clock decides
 * (milliseconds). Years count as 12 months and weeks as 7 days.
 */
export interface Duration {
  months: number
  days: number
  millis: number
}

const ISO = /^P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/
const MOST_MILLIS = 100 * 366 * 86_400_000

const cache = new Map<string, Duration | null>()

/** null where the text is no ISO 8601 duration, is negative, or is longer than a hundred years. */
export function parseDuration(text: string): Duration | null {
  const known = cache.get(text)
  if (known !== undefined) return known
  const parsed = parse(text)
  if (cache.size < 10_000) cache.set(text, parsed)
  return parsed
}

function parse(text: string): Duration | null {
  const match = ISO.exec(text)
  if (!match) return null
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
  const duration = {
    months: (years ?? 0) * 12 + (months ?? 0),
    days: (weeks ?? 0) * 7 + (days ?? 0),
    millis: Math.round(((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000),
  }
  // A month counts as long as twelve of a leap year do, so that no mixture of units passes the hundred years.
  return (duration.months * 30.5 + duration.days) * 86_400_000 + duration.millis > MOST_MILLIS ? null : duration
}

/** The length where no calendar is asked: a day is 24 hours, a month 30 days. For windows and time-outs. */
export function fixedMillis(duration: Duration): number {
  return (duration.months * 30 + duration.days) * 86_400_000 + duration.millis
}

/** `fixedMillis` of a text that a shape has already accepted; 0 for one that it would not. */
export function durationMillis(text: string): number {
  const parsed = parseDuration(text)
  return parsed === null ? 0 : fixedMillis(parsed)
}
