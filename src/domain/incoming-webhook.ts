import type { EventInput } from './event-input.ts'
import { parseInstant } from './instant.ts'
import { isObject, type Json, type JsonObject, readPath } from './json.ts'
import { choice, object, optional, type Shape, text } from './shape.ts'

/** How a request shows that it comes from whom it should. */
export const VERIFICATIONS = ['STANDARD', 'HMAC_SHA256', 'BEARER'] as const
export type Verification = (typeof VERIFICATIONS)[number]

/** What a request that came in becomes: one event of one contact. Paths begin with `body` or `headers`. */
export interface IncomingMapping {
  /** Either the event's name… */
  eventName?: string
  /** …or where it stands. */
  eventNamePath?: string
  contactKind: 'EXTERNAL_ID' | 'ANONYMOUS_ID'
  contactPath: string
  /** Where the sender's own id of the request stands, so that a repetition is told from news; with STANDARD it is the header `webhook-id`. */
  idPath?: string
  /** The whole body where left out. */
  propertiesPath?: string
  /** Text as ISO 8601 says, or a number of seconds or milliseconds since 1970; when it is received where left out, or not there. */
  occurredAtPath?: string
}

const path = (title: string) =>
  text({ title, max: 500, pattern: /^(body(\.[^.]+)*|headers\.[a-z0-9-]+)$/, description: 'Such as `body.customer.id` or `headers.x-event`.' })

export const incomingMappingShape: Shape<IncomingMapping> = object({
  eventName: optional(text({ title: 'Event', max: 200 })),
  eventNamePath: optional(path('Path of the event’s name')),
  contactKind: choice(['EXTERNAL_ID', 'ANONYMOUS_ID'], { title: 'Contact by' }),
  contactPath: path('Path of the contact'),
  idPath: optional(path('Path of the request’s id')),
  propertiesPath: optional(path('Path of the properties')),
  occurredAtPath: optional(path('Path of the time')),
}) as Shape<IncomingMapping>

/** What the shape alone cannot see; null where nothing is wrong. */
export function mappingFault({ eventName, eventNamePath }: IncomingMapping): { path: string; message: string } | null {
  return (eventName === undefined) === (eventNamePath === undefined) ? { path: 'eventName', message: 'give either eventName or eventNamePath' } : null
}

export interface IncomingRequest {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  body: Json
}

/**
 * The event a request stands for, but for its id; or why it stands for none, in words for whoever set it up. Whether the
 * event itself is sound is judged where every event is.
 */
export function mapIncoming(mapping: IncomingMapping, request: IncomingRequest): Omit<EventInput, 'messageId'> | { problem: string } {
  const name = mapping.eventName ?? textAt(request, mapping.eventNamePath ?? '')
  if (name === null) return { problem: `there is no name of an event at ${mapping.eventNamePath}` }
  const reference = textAt(request, mapping.contactPath)
  if (reference === null) return { problem: `there is no contact at ${mapping.contactPath}` }
  const properties = readPath(request, mapping.propertiesPath ?? 'body')
  if (!isObject(properties)) return { problem: `there is no object at ${mapping.propertiesPath ?? 'body'}` }
  const occurredAt = mapping.occurredAtPath === undefined ? null : instantAt(readPath(request, mapping.occurredAtPath))
  const contact = mapping.contactKind === 'EXTERNAL_ID' ? { externalId: reference } : { anonymousId: reference }
  return { name, contact, properties: properties as JsonObject, occurredAt }
}

/** The sender's own id of the request; null where it has none. */
export function requestIdOf(verification: Verification, { idPath }: IncomingMapping, request: IncomingRequest): string | null {
  if (verification === 'STANDARD') return request.headers['webhook-id'] ?? null
  return idPath === undefined ? null : textAt(request, idPath)
}

function textAt(request: IncomingRequest, at: string): string | null {
  const value = readPath(request, at)
  if (typeof value === 'string') return value.trim() === '' ? null : value
  return typeof value === 'number' ? String(value) : null
}

/** No instant in milliseconds is below this since the spring of 1973, and none in seconds reaches it for three thousand years. */
const MILLIS = 100_000_000_000

function instantAt(value: Json | undefined): number | null {
  if (typeof value === 'number') return Math.abs(value) < MILLIS ? Math.round(value * 1000) : Math.round(value)
  return parseInstant(value)
}
