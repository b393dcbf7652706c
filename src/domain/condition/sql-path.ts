/** Takes a value and returns its placeholder; nothing of a condition reaches the text any other way. */
export type Bind = (value: unknown, type: string) => string

/** What PostgreSQL takes for a position in a list (`-1`, `01`, ` 1`) and `readPath` does not. */
const ODD_INDEX = /^\s*[+-]?\d+\s*$/
const INDEX = /^(0|[1-9]\d*)$/

/** `readPath` in SQL: a jsonb expression that is SQL null where the path leads nowhere. `column` is ours, never a user's. */
export function readPathSql(column: string, path: string, bind: Bind): string {
  const parts = path.split('.')
  const value = `(${column} #> ${bind(parts, 'text[]')})`
  const guards = parts.flatMap((part, index) =>
    ODD_INDEX.test(part) && !INDEX.test(part) ? [`jsonb_typeof(${column} #> ${bind(parts.slice(0, index), 'text[]')}) = 'object'`] : [],
  )
  return guards.length === 0 ? value : `(CASE WHEN ${guards.join(' AND ')} THEN ${value} END)`
}
