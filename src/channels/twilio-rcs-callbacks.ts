import type { ProviderCallback } from '../domain/delivery.ts'
import type { CallbackRequest } from './channel.ts'
import { mediaOf, parseStatus, sidOf } from './twilio-callbacks.ts'

/**
 * Codes by which Twilio says that RCS does not reach the phone (https://www.twilio.com/docs/api/errors): off or away, unknown to
 * the channel, not capable. The number itself may be as good as ever.
 */
const UNREACHABLE: ReadonlySet<string> = new Set(['30003', '63003', '63024', '63106'])
export const isUnreachable = (code: string | undefined): boolean => code !== undefined && UNREACHABLE.has(code)

/**
 * Statuses and what people write. A phone that RCS does not reach is `unreachable` whatever Twilio's number for it, so that a journey
 * can fall back; where the messaging service falls back by itself that is no failure yet, because the SMS is on its way under the same id.
 */
export function parseTwilioRcs(request: CallbackRequest, { providerFallsBack = false }: { providerFallsBack?: boolean }): ProviderCallback[] {
  const statuses = parseStatus(request)
  if (statuses !== null)
    return statuses.map((each) => (each.type === 'status' && isUnreachable(each.code) ? unreachable(each, providerFallsBack) : each))
  const fields = new URLSearchParams(request.body.toString('utf8'))
  const sid = sidOf(fields)
  const from = fields.get('From')
  const text = fields.get('ButtonText') ?? fields.get('Body')
  if (sid === null || from === null || text === null) return []
  const payload = fields.get('ButtonPayload')
  const repliesTo = fields.get('OriginalRepliedMessageSid')
  const properties = { ...(payload === null ? {} : { payload }), ...mediaOf(fields) }
  return [
    {
      type: 'inbound',
      channel: 'rcs',
      from: from.replace(/^rcs:/, ''),
      to: (fields.get('To') ?? '').replace(/^rcs:/, ''),
      text,
      providerMessageId: sid,
      providerEventId: `${sid}:inbound`,
      at: Date.now(),
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(repliesTo === null ? {} : { repliesTo }),
    },
  ]
}

function unreachable(callback: Extract<ProviderCallback, { type: 'status' }>, providerFallsBack: boolean): ProviderCallback {
  const { identity: _, code, detail, ...rest } = callback
  return { ...rest, status: providerFallsBack ? 'DEFERRED' : 'FAILED', code: 'unreachable', detail: `${detail ?? ''} (${code})`.trim() }
}
