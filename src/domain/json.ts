/** What survives JSON: the only shape in which users' own data crosses the domain. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** Whether a JSON value is an object (not null, not a list). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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

/** The same for every key and text of a JSON value. */
export function isStorableJson(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, each]) => isStorable(key) && isStorableJson(each))
}

/** One text for one value, however its objects' keys were ordered. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  )
}
