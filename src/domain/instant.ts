import type { Json } from './json.ts'

/**
 * The ISO 8601 texts that count as an instant: a date (its first moment in UTC), or a date and a time with `Z`, an offset, or
 * nothing (then UTC). Written so that PostgreSQL reads the same expression the same way: no look-ahead, no `\d`.
 */
export const INSTANT_PATTERN =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?$'

const FORM = new RegExp(INSTANT_PATTERN)
const PARTS = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?$/

/** Unix milliseconds of a JSON value that names an instant: a number is taken as that, text as ISO 8601 says. Else null. */
export function parseInstant(value: Json | undefined): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || !FORM.test(value)) return null
  const match = PARTS.exec(value)
  if (!match) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map((part) => Number(part ?? 0))
  // `Date.UTC` reads the years 0 to 99 as 19xx, and carries a 30 February into March: both are refused.
  const midnight = Date.UTC(year, month - 1, day)
  const date = new Date(midnight)
  if (year < 100 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  const millis = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -60_000 : 60_000)
  return midnight + hour * 3_600_000 + minute * 60_000 + second * 1000 + millis - offset
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/

/** `HH:MM` as minutes since midnight; null where it is none. */
export function parseTimeOfDay(text: string): number | null {
  const match = TIME_OF_DAY.exec(text)
  return match ? Number(match[1]) * 60 + Number(match[2]) : null
}
