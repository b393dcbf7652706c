import type { WhatsappMessage, WhatsappSession, WhatsappTemplate } from '../domain/content/whatsapp.ts'
import type { OutgoingMessage } from '../domain/delivery.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import { isWhatsappUserId } from '../domain/whatsapp.ts'

/** The JSON of POST /{phone-number-id}/messages: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages. */
export function messageBody(message: OutgoingMessage): JsonObject {
  const content = message.content as unknown as WhatsappMessage
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...(isWhatsappUserId(message.address) ? { recipient: message.address } : { to: message.address }),
    // Comes back with every status, whatever became of the answer: which message, and which of its attempts.
    biz_opaque_callback_data: `${message.id} ${message.attempt}`,
    ...(content.session === undefined ? ofTemplate(content.template) : ofSession(content.session)),
  }
}

function ofTemplate(template: WhatsappTemplate): JsonObject {
  const header = headerParameters(template)
  const components: Json[] = [
    ...(header.length > 0 ? [{ type: 'header', parameters: header }] : []),
    ...bodyComponent(template.body, template.body === undefined ? template.variables : undefined),
    ...buttonComponents(template.buttons),
  ]
  const cards = (template.cards ?? []).map((card, index) => ({
    card_index: index,
    components: [{ type: 'header', parameters: [mediaParameter(card.media)] }, ...bodyComponent(card.body), ...buttonComponents(card.buttons)],
  }))
  if (cards.length > 0) components.push({ type: 'carousel', cards })
  return {
    type: 'template',
    template: { name: template.name ?? '', language: { code: template.language ?? '' }, ...(components.length > 0 ? { components } : {}) },
  }
}

interface Media {
  type: string
  url: string
  filename?: string
}

function headerParameters({ header }: WhatsappTemplate): JsonObject[] {
  if (header?.media !== undefined) return [mediaParameter(header.media)]
  if (header?.text === undefined) return []
  return [{ type: 'text', ...(header.name === undefined ? {} : { parameter_name: header.name }), text: header.text }]
}

function mediaParameter(media: Media): JsonObject {
  return { type: media.type, [media.type]: link(media) }
}

function link({ url, filename, type }: Media): JsonObject {
  return { link: url, ...(filename !== undefined && type === 'document' ? { filename } : {}) }
}

/** A template's variables have either places or names; Twilio's placeholders of the same content are places. */
function bodyComponent(body: readonly string[] | undefined, named: Record<string, string> = {}): JsonObject[] {
  const parameters =
    body?.map((text) => ({ type: 'text', text })) ??
    Object.entries(named).flatMap(([name, text]) => (/^\d+$/.test(name) ? [] : [{ type: 'text', parameter_name: name, text }]))
  return parameters.length > 0 ? [{ type: 'body', parameters }] : []
}

const BUTTONS = {
  QUICK_REPLY: (value: string) => ({ type: 'payload', payload: value }),
  URL: (value: string) => ({ type: 'text', text: value }),
  COPY_CODE: (value: string) => ({ type: 'coupon_code', coupon_code: value }),
} as const

function buttonComponents(buttons: WhatsappTemplate['buttons'] = []): JsonObject[] {
  return buttons.map(({ index, type, value }) => ({
    type: 'button',
    sub_type: type.toLowerCase(),
    index: String(index),
    parameters: [BUTTONS[type](value)],
  }))
}

function ofSession({ text, media, footer, buttons, list }: WhatsappSession): JsonObject {
  if (buttons === undefined && list === undefined) {
    if (media === undefined) return { type: 'text', text: { body: text ?? '', preview_url: /https?:\/\//.test(text ?? '') } }
    return { type: media.type, [media.type]: { ...link(media), ...(text === undefined ? {} : { caption: text }) } }
  }
  const frame = {
    ...(media === undefined ? {} : { header: mediaParameter(media) }),
    body: { text: text ?? '' },
    ...(footer === undefined ? {} : { footer: { text: footer } }),
  }
  const interactive: JsonObject =
    list === undefined
      ? { type: 'button', ...frame, action: { buttons: (buttons ?? []).map((reply) => ({ type: 'reply', reply: { ...reply } })) } }
      : { type: 'list', ...frame, action: { button: list.button, sections: list.sections as unknown as Json } }
  return { type: 'interactive', interactive }
}
