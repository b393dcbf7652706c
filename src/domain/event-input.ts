import { isLanedId } from './ids.ts'
import { isObject, isStorable, type JsonObject, UNSTORABLE } from './json.ts'

/** An event as a caller sent it, before anything is known to be right about it. Times are Unix milliseconds. */
export interface EventInput {
  messageId: string
  name: string
  contact: { id?: string | null | undefined; externalId?: string | null | undefined; anonymousId?: string | null | undefined }
  properties?: JsonObject | null | undefined
  occurredAt?: number | null | undefined
}

export interface EventFault {
  path: readonly string[]
  message: string
}

const LONGEST_NAME = 200
const LONGEST_ID = 256
const LARGEST_PROPERTIES = 32_768
const DEEPEST_PROPERTIES = 10
const FUTURE = 3_600_000
const EARLIEST = Date.UTC(2000, 0, 1)

const fault = (path: string, message: string): EventFault => ({ path: path.split('.'), message })

/** What is wrong with one event; null where nothing is. Each is judged alone, so one bad event costs its neighbours nothing. */
export function judgeEvent(event: EventInput, now: number, lanes: number): EventFault | null {
  if (typeof event.messageId !== 'string' || event.messageId.length === 0 || event.messageId.length > LONGEST_ID)
    return fault('messageId', `must have 1 to ${LONGEST_ID} characters`)
  if (typeof event.name !== 'string' || event.name.length === 0 || event.name.length > LONGEST_NAME)
    return fault('name', `must have 1 to ${LONGEST_NAME} characters`)
  const { id, externalId, anonymousId } = event.contact
  if (Number(id != null) + Number(externalId != null) + Number(anonymousId != null) !== 1)
    return fault('contact', 'must have exactly one of id, externalId and anonymousId')
  if (id != null && !isLanedId(id, lanes)) return fault('contact.id', 'is not the id of a contact')
  const reference = externalId ?? anonymousId
  if (reference != null && (reference.length === 0 || reference.length > LONGEST_ID))
    return fault(externalId != null ? 'contact.externalId' : 'contact.anonymousId', `must have 1 to ${LONGEST_ID} characters`)
  if (!isStorable(event.messageId)) return fault('messageId', UNSTORABLE)
  if (!isStorable(event.name)) return fault('name', UNSTORABLE)
  if (!isStorable(reference ?? '')) return fault('contact', UNSTORABLE)
  if (event.properties != null) {
    if (!isObject(event.properties)) return fault('properties', 'must be an object')
    const most = longest(event.properties, 1)
    if (most === null) return fault('properties', `must not be nested deeper than ${DEEPEST_PROPERTIES}, nor contain NUL or half a surrogate pair`)
    if (most > LARGEST_PROPERTIES && JSON.stringify(event.properties).length > LARGEST_PROPERTIES)
      return fault('properties', `must not be larger than ${LARGEST_PROPERTIES} characters`)
  }
  if (event.occurredAt != null) {
    if (!Number.isFinite(event.occurredAt) || event.occurredAt < EARLIEST) return fault('occurredAt', 'must not be before the year 2000')
    if (event.occurredAt > now + FUTURE) return fault('occurredAt', 'must not be more than an hour in the future')
  }
  return null
}

/**
 * The most characters its JSON can have, so that only what may be too large has to be written to be counted; null where it is
 * too deep, or has text that PostgreSQL refuses. A character is escaped by six at most; a number has 24 at most.
 */
function longest(value: unknown, depth: number): number | null {
  if (typeof value === 'string') return isStorable(value) ? value.length * 6 + 2 : null
  if (typeof value !== 'object' || value === null) return 24
  if (depth > DEEPEST_PROPERTIES) return null
  let most = 2
  for (const [key, each] of Object.entries(value)) {
    if (!isStorable(key)) return null
    const inner = longest(each, depth + 1)
    if (inner === null) return null
    most += key.length * 6 + 4 + inner
  }
  return most
}
