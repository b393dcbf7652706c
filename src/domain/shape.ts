import { parseDuration } from './duration.ts'
import { isObject, type Json, type JsonObject } from './json.ts'

/**
 * A shape says once what a piece of configuration looks like, and serves three readers: `schema` (JSON
 * Schema 2020-12, for settings panels), `parse` (for validation, with the path of every fault) and the
 * inferred type. It exists because the domain may not use npm, and because a schema, a validator and a
 * type written apart drift apart.
 */
export interface Shape<T> {
  schema: JsonObject
  /** The value if it fits; otherwise undefined, after at least one report. Never throws. */
  parse(value: unknown, path: readonly string[], report: Report): T | undefined
  optional?: boolean
}

export type Report = (path: readonly string[], message: string) => void
export type Infer<S> = S extends Shape<infer T> ? T : never

type Fields = Record<string, Shape<unknown>>
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends { optional: true } ? K : never }[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
type FromFields<F extends Fields> = Flat<{ [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & { [K in OptionalKeys<F>]?: Infer<F[K]> }>

function scalar<T>(schema: JsonObject, test: (value: unknown) => string | null): Shape<T> {
  return {
    schema,
    parse(value, path, report) {
      const fault = test(value)
      if (fault === null) return value as T
      report(path, fault)
      return undefined
    },
  }
}

export function text(
  options: { title?: string; description?: string; min?: number; max?: number; pattern?: RegExp; format?: string } = {},
): Shape<string> {
  const { min = 1, max = 10_000, pattern, format, title, description } = options
  const schema: JsonObject = { type: 'string', minLength: min, maxLength: max }
  if (pattern) schema.pattern = pattern.source
  if (format) schema.format = format
  if (title) schema.title = title
  if (description) schema.description = description
  return scalar(schema, (value) => {
    if (typeof value !== 'string') return 'must be text'
    if (value.length < min) return min === 1 ? 'must not be empty' : `must have at least ${min} characters`
    if (value.length > max) return `must have at most ${max} characters`
    return pattern && !pattern.test(value) ? `must match ${pattern.source}` : null
  })
}

export function number(options: { title?: string; description?: string; min?: number; max?: number; integer?: boolean } = {}): Shape<number> {
  const { min, max, integer, title, description } = options
  const schema: JsonObject = { type: integer ? 'integer' : 'number' }
  if (min !== undefined) schema.minimum = min
  if (max !== undefined) schema.maximum = max
  if (title) schema.title = title
  if (description) schema.description = description
  return scalar(schema, (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'must be a number'
    if (integer && !Number.isInteger(value)) return 'must be a whole number'
    if (min !== undefined && value < min) return `must be at least ${min}`
    return max !== undefined && value > max ? `must be at most ${max}` : null
  })
}

export function flag(options: { title?: string; description?: string } = {}): Shape<boolean> {
  return scalar({ type: 'boolean', ...options }, (value) => (typeof value === 'boolean' ? null : 'must be true or false'))
}

export function choice<const T extends string>(values: readonly T[], options: { title?: string; description?: string } = {}): Shape<T> {
  return scalar({ type: 'string', enum: [...values], ...options }, (value) =>
    values.includes(value as T) ? null : `must be one of ${values.join(', ')}`,
  )
}

/** An ISO 8601 duration, kept as text. */
export function duration(options: { title?: string; description?: string; allowZero?: boolean } = {}): Shape<string> {
  const { allowZero = false, ...rest } = options
  return scalar({ type: 'string', format: 'duration', ...rest }, (value) => {
    const parsed = typeof value === 'string' ? parseDuration(value) : null
    if (parsed === null) return 'must be an ISO 8601 duration such as PT15M or P2D'
    return !allowZero && parsed.months === 0 && parsed.days === 0 && parsed.millis === 0 ? 'must be longer than nothing' : null
  })
}

/** Any JSON, the author's own. */
export function anything(options: { title?: string; description?: string } = {}): Shape<Json> {
  return scalar({ ...options }, (value) => (value === undefined ? 'is missing' : null))
}

/** A JSON object with the author's own keys. */
export function freeObject(options: { title?: string; description?: string } = {}): Shape<JsonObject> {
  return scalar({ type: 'object', ...options }, (value) => (isObject(value) ? null : 'must be an object'))
}

export function list<T>(item: Shape<T>, options: { title?: string; description?: string; min?: number; max?: number } = {}): Shape<T[]> {
  const { min = 0, max = 100, ...rest } = options
  return {
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max, ...rest },
    parse(value, path, report) {
      if (!Array.isArray(value)) return void report(path, 'must be a list')
      if (value.length < min) return void report(path, `must have at least ${min} entries`)
      if (value.length > max) return void report(path, `must have at most ${max} entries`)
      const items = value.map((each, index) => item.parse(each, [...path, String(index)], report))
      return items.some((each) => each === undefined) ? undefined : (items as T[])
    },
  }
}

/** An object with exactly these fields; a field it does not know is a fault, so that a typo is not silence. */
export function object<F extends Fields>(fields: F, options: { title?: string; description?: string } = {}): Shape<FromFields<F>> {
  const required = Object.keys(fields).filter((key) => !fields[key]?.optional)
  const properties = Object.fromEntries(Object.entries(fields).map(([key, shape]) => [key, shape.schema]))
  return {
    schema: { type: 'object', properties, required, additionalProperties: false, ...options },
    parse(value, path, report) {
      if (!isObject(value)) return void report(path, 'must be an object')
      let sound = true
      for (const key of Object.keys(value)) {
        if (!Object.hasOwn(fields, key)) {
          report([...path, key], 'is not a setting here')
          sound = false
        }
      }
      const result: Record<string, unknown> = {}
      for (const [key, shape] of Object.entries(fields)) {
        const given = Object.hasOwn(value, key) ? value[key] : undefined
        if (given === undefined || given === null) {
          if (shape.optional) continue
          report([...path, key], 'is missing')
          sound = false
          continue
        }
        const parsed = shape.parse(given, [...path, key], report)
        if (parsed === undefined) sound = false
        else result[key] = parsed
      }
      return sound ? (result as FromFields<F>) : undefined
    },
  }
}

/** Marks a field of an object as one that may be left out (or be null). */
export function optional<T>(shape: Shape<T>): Shape<T> & { optional: true } {
  return { ...shape, optional: true }
}

/** A value checked by other means (a condition, say), with the schema given. */
export function custom<T>(schema: JsonObject, parse: Shape<T>['parse']): Shape<T> {
  return { schema, parse }
}
