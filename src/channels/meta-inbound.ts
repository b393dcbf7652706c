import type { ProviderCallback } from '../domain/delivery.ts'
import { isObject, type JsonObject } from '../domain/json.ts'

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'document', 'sticker'])

const string = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/**
 * A message somebody wrote to the number: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples.
 * `text` is what they said in words, whatever they tapped or sent; the rest stands in `properties`. News of the
 * network itself (`system`: somebody has changed their number) is nobody's message.
 */
export function inboundOf(message: JsonObject, to: string, contacts: readonly JsonObject[], at: number): ProviderCallback[] {
  const { id, from: number, from_user_id: userId, type: kind, context } = message
  // Who goes by a user name may come without a number, and by an id that is good with this business alone.
  const from = string(number) === null ? string(userId) : `+${String(number)}`
  if (typeof id !== 'string' || id === '' || from === null || typeof kind !== 'string' || kind === 'system') return []
  const given = isObject(message[kind]) ? message[kind] : {}
  const { text, properties } = read(kind, given)
  const contact = contacts.find((each) => (string(number) === null ? each.user_id === userId : each.wa_id === number))
  const profileName = isObject(contact?.profile) ? string(contact.profile.name) : null
  const repliesTo = string(kind === 'reaction' ? given.message_id : isObject(context) ? context.id : null)
  return [
    {
      type: 'inbound',
      channel: 'whatsapp',
      from,
      to,
      text,
      providerMessageId: id,
      providerEventId: `${id}:inbound`,
      at,
      properties: { kind: KINDS[kind] ?? kind, ...properties, ...(profileName === null ? {} : { profileName }) },
      ...(repliesTo === null ? {} : { repliesTo }),
    },
  ]
}

/** One name for what Meta calls differently in templates and in session messages. */
const KINDS: Readonly<Record<string, string>> = { interactive: 'reply', button: 'reply' }

function read(kind: string, given: JsonObject): { text: string; properties: JsonObject } {
  if (kind === 'text') return { text: string(given.body) ?? '', properties: {} }
  if (kind === 'button') return { text: string(given.text) ?? '', properties: { buttonPayload: string(given.payload) } }
  if (kind === 'interactive') return readReply(given)
  if (kind === 'reaction') return { text: string(given.emoji) ?? '', properties: {} }
  if (kind === 'location') {
    const { latitude = null, longitude = null, name = null, address = null } = given
    return { text: string(name) ?? '', properties: { location: { latitude, longitude, name, address } } }
  }
  if (!MEDIA.has(kind)) return { text: '', properties: {} }
  const { id = null, mime_type: mimeType = null, sha256 = null, filename = null } = given
  return {
    text: string(given.caption) ?? '',
    properties: { media: { type: kind, id, mimeType, sha256, ...(filename === null ? {} : { filename }) } },
  }
}

function readReply({ button_reply: button, list_reply: row }: JsonObject): { text: string; properties: JsonObject } {
  if (isObject(button)) return { text: string(button.title) ?? '', properties: { buttonPayload: string(button.id) } }
  if (isObject(row)) return { text: string(row.title) ?? '', properties: { listId: string(row.id) } }
  return { text: '', properties: {} }
}
