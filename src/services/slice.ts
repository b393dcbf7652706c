/** A part of a list that is newest first, and whose ids sort by time. */
export interface Slice {
  /** At most so many. */
  first: number
  /** Only what is older than this id: what follows it in the list. */
  before: string | null
  /** Only what is newer than this id: what precedes it in the list. */
  since?: string | null
  /** Counts from the old end, and answers the oldest first. */
  oldestFirst?: boolean
}

/** The slice's bounds, among a query's conditions. */
export function idsWithin({ before, since = null }: Slice): { id?: { $lt?: string; $gt?: string } } {
  if (before === null && since === null) return {}
  return { id: { ...(before === null ? {} : { $lt: before }), ...(since === null ? {} : { $gt: since }) } }
}

/** The slice's order and size, among a query's options. */
export function orderOf({ first, oldestFirst = false }: Slice) {
  return { orderBy: { id: oldestFirst ? ('asc' as const) : ('desc' as const) }, limit: first }
}
