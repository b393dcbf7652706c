import type { EventFact } from '../facts.ts'
import { readPath } from '../json.ts'

/** The enrollment key an event carries at a path: text, numbers and booleans as text; null where there is none. */
export function keyOf(event: EventFact, path: string): string | null {
  const value = readPath(event.properties, path)
  return value === undefined || value === null || typeof value === 'object' ? null : String(value)
}

/** Whether an event is about this key; with no path every event of the name is. */
export function matchesKey(event: EventFact, path: string | undefined, key: string): boolean {
  return path === undefined || keyOf(event, path) === key
}
