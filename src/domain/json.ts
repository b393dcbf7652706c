/** What survives JSON: the only shape in which users' own data crosses the domain. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** Whether a JSON value is an object (not null, not a list). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object a text stands for; null for what is no JSON, or no object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? (parsed as JsonObject) : null
  } catch {
    return null
  }
}

/** The objects of a list, and none of what is no list. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter((each): each is JsonObject => isObject(each)) : []
}

/** Every text in a JSON value; the names of members are none. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

const INDEX = /^(0|[1-9]\d*)$/

/** Reads `a.b.0.c` out of nested data; undefined where any step is missing. Own properties only; of a list its entries only. */
export function readPath(data: unknown, path: string): Json | undefined {
  let value: unknown = data
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    if (Array.isArray(value) && !INDEX.test(part)) return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value as Json | undefined
}

/** Whether PostgreSQL can keep the text: neither U+0000 nor half of a surrogate pair, both of which JavaScript allows. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

/** The way to the first text in a JSON value that PostgreSQL cannot keep, to the object whose key it is; null where there is none. */
export function unstorableIn(value: unknown): string[] | null {
  if (typeof value === 'string') return isStorable(value) ? null : []
  if (typeof value !== 'object' || value === null) return null
  for (const [key, each] of Object.entries(value)) {
    if (!isStorable(key)) return []
    const within = unstorableIn(each)
    if (within !== null) return [key, ...within]
  }
  return null
}

/** What a caller hears of a text or a value that is not storable. */
export const UNSTORABLE = 'must not contain NUL or half a surrogate pair'

/** Whether PostgreSQL can keep every key and text of a JSON value. */
export const isStorableJson = (value: unknown): boolean => unstorableIn(value) === null

/** One text for one value, however its objects' keys were ordered. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  )
}
