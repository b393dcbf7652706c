import type { ProviderCallback } from '../domain/delivery.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import type { CallbackRequest } from './channel.ts'
import { mediaOf, parseStatus, sidOf } from './twilio-callbacks.ts'

/** A status callback or an inbound message: https://www.twilio.com/docs/messaging/guides/webhook-request. Numbers lose Twilio's prefix. */
export function parseTwilioWhatsapp(request: CallbackRequest): ProviderCallback[] {
  const statuses = parseStatus(request)
  if (statuses !== null) return statuses
  const fields = new URLSearchParams(request.body.toString('utf8'))
  const sid = sidOf(fields)
  const from = fields.get('From')
  if (sid === null || from === null || !from.startsWith('whatsapp:')) return []
  const repliesTo = fields.get('OriginalRepliedMessageSid')
  return [
    {
      type: 'inbound',
      channel: 'whatsapp',
      from: numberOf(from),
      to: numberOf(fields.get('To') ?? ''),
      text: fields.get('ButtonText') || fields.get('ListTitle') || fields.get('Body') || fields.get('Label') || '',
      providerMessageId: sid,
      providerEventId: `${sid}:inbound`,
      at: Date.now(),
      properties: propertiesOf(fields),
      ...(repliesTo ? { repliesTo } : {}),
    },
  ]
}

const numberOf = (address: string) => address.replace(/^whatsapp:/, '')

/** The same names as for Meta's messages, so that a journey does not care through whom it is connected. */
function propertiesOf(fields: URLSearchParams): JsonObject {
  const given = (names: Record<string, string>): JsonObject =>
    Object.fromEntries(Object.entries(names).flatMap(([name, field]): [string, Json][] => (fields.get(field) ? [[name, fields.get(field)]] : [])))
  const media = mediaOf(fields)
  const isReply = fields.has('ButtonText') || fields.has('ButtonPayload') || fields.has('ListId')
  const isPlace = fields.has('Latitude') && fields.has('Longitude')
  return {
    kind: isReply ? 'reply' : isPlace ? 'location' : (media?.media.type ?? 'text'),
    ...given({ buttonPayload: 'ButtonPayload', listId: 'ListId', profileName: 'ProfileName' }),
    ...media,
    ...(isPlace
      ? {
          location: {
            latitude: Number(fields.get('Latitude')),
            longitude: Number(fields.get('Longitude')),
            name: fields.get('Label'),
            address: fields.get('Address'),
          },
        }
      : {}),
  }
}
