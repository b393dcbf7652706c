import { isStorable, isStorableJson, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import type { Shape } from '../domain/shape.ts'
import { ThroughlineError } from '../errors.ts'

/** The value if it fits its shape; else INVALID_INPUT with the path of the first fault and all of them in `data`. */
export function conform<T>(shape: Shape<T>, value: unknown, path: readonly string[]): T {
  const faults: { path: readonly string[]; message: string }[] = []
  if (!isStorableJson(value)) faults.push({ path, message: UNSTORABLE })
  const parsed = shape.parse(value, path, (at, message) => void faults.push({ path: at, message }))
  const [first] = faults
  if (parsed !== undefined && first === undefined) return parsed
  throw new ThroughlineError('INVALID_INPUT', first?.message ?? 'is not valid', {
    path: first?.path ?? path,
    data: { faults } as unknown as JsonObject,
  })
}

/** Trimmed text of a bounded length. */
export function nameOf(value: string, field: string, longest = 200): string {
  const trimmed = value.trim()
  if (trimmed.length === 0 || trimmed.length > longest)
    throw new ThroughlineError('INVALID_INPUT', `must have 1 to ${longest} characters`, { path: [field] })
  if (!isStorable(trimmed)) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path: [field] })
  return trimmed
}

/** Free text a caller may leave out; null where it was. */
export function noteOf(value: string | null | undefined, field: string, longest = 2_000): string | null {
  if (value == null) return null
  if (value.length > longest || !isStorable(value))
    throw new ThroughlineError('INVALID_INPUT', `must have at most ${longest} characters, none of them NUL or half a surrogate pair`, {
      path: [field],
    })
  return value
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether text can be an id at all: PostgreSQL refuses a query over one that is not, and callers get NOT_FOUND instead. */
export function isId(text: string): boolean {
  return UUID.test(text)
}

/** A pattern for texts that contain this one, in capitals or not; null where none can, since none like it can be kept. */
export function containing(text: string): { $ilike: string } | null {
  return isStorable(text) ? { $ilike: `%${text.replace(/[\\%_]/g, '\\$&')}%` } : null
}
