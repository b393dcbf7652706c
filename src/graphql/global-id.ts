import { encodeGlobalId } from '../domain/global-id.ts'
import { ThroughlineError } from '../errors.ts'

/** Types with ids, by which `node(id)` finds them. */
export const NODE_TYPES = [
  'ApiKey',
  'Attachment',
  'Broadcast',
  'ChannelIdentity',
  'Contact',
  'Conversion',
  'Enrollment',
  'Event',
  'InAppMessage',
  'IncomingWebhook',
  'Journey',
  'JourneyNode',
  'JourneyVersion',
  'KeywordRule',
  'Message',
  'ProviderConnection',
  'Template',
  'TemplatePartial',
  'Topic',
  'WebhookDelivery',
  'WebhookEndpoint',
  'WhatsappTemplate',
  'Workspace',
] as const
export type NodeType = (typeof NODE_TYPES)[number]

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** base64url of `Type:id`: opaque to clients, who must not build one. */
export function toGlobalId(type: NodeType, id: string): string {
  return encodeGlobalId(type, id)
}

/** null for what is no id of ours. What it names may still not exist, or not for this caller. */
export function readGlobalId(text: string): { type: NodeType; id: string; rest: string } | null {
  if (!/^[A-Za-z0-9_-]{1,400}$/.test(text)) return null
  const [type, id, ...rest] = Buffer.from(text, 'base64url').toString().split(':')
  if (id === undefined || !UUID.test(id) || !NODE_TYPES.includes(type as NodeType)) return null
  return { type: type as NodeType, id, rest: rest.join(':') }
}

/** The uuid of a global id of this type; null for any other text. */
export function tryIdOf(type: NodeType, globalId: string): string | null {
  const found = readGlobalId(globalId)
  return found?.type === type && found.rest === '' ? found.id : null
}

/** The same, for inputs: NOT_FOUND, as for an id that is well-formed and not there, so that ids cannot be probed. */
export function idOf(type: NodeType, globalId: string, path: readonly string[]): string {
  const id = tryIdOf(type, globalId)
  if (id === null) throw new ThroughlineError('NOT_FOUND', `There is no such ${type}.`, { path })
  return id
}
