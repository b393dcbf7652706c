import type { WhatsappContent, WhatsappMessage, WhatsappTemplate } from './content/whatsapp.ts'
import type { TemplateStatus } from './whatsapp-template.ts'

/** What must be known of a message before it is decided which of its content's halves is sent. */
export interface WhatsappSituation {
  /** Whether the recipient has written within a day, to the number it is sent from. */
  windowOpen: boolean
  /** The provider the message goes through. */
  provider: string
  /** What the provider says of the content's template; null where it has none such, or the content has none. */
  template: TemplateStatus | null
}

export type WhatsappChoice =
  | { send: WhatsappMessage }
  | { held: 'window_closed' | 'template_not_approved' }
  /** The path of a variable that came out empty: no provider takes that. */
  | { empty: string }

/**
 * The name by which WhatsApp knows somebody to one business alone, who hides their number behind a user name:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids.
 */
export const isWhatsappUserId = (address: string): boolean => /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/.test(address)

/** Providers whose templates are contents with a SID. Within the 24 hours they take those that WhatsApp was never asked about. */
const BY_SID: ReadonlySet<string> = new Set(['twilio_whatsapp'])

/** By what a provider knows a template; null where the content does not name it for that provider. */
export function templateKey(
  provider: string,
  { sid, name, language }: WhatsappTemplate,
): { sid: string } | { name: string; language: string } | null {
  if (BY_SID.has(provider)) return sid === undefined ? null : { sid }
  return name === undefined || language === undefined ? null : { name, language }
}

/** Free words while the window is open, where the content has them; else the template. Of a rendered content. */
export function chooseWhatsapp(content: WhatsappContent, { windowOpen, provider, template: status }: WhatsappSituation): WhatsappChoice {
  const { session, template } = content
  if (session !== undefined && windowOpen) return whole({ session }, session)
  if (template === undefined) return { held: 'window_closed' }
  if (status !== 'APPROVED' && !(windowOpen && BY_SID.has(provider) && status !== null)) return { held: 'template_not_approved' }
  const filled = inOneLine(template)
  return whole({ template: filled }, filled)
}

function whole(send: WhatsappMessage, part: object): WhatsappChoice {
  const empty = emptyPath(part)
  return empty === null ? { send } : { empty }
}

function emptyPath(value: unknown, path: readonly string[] = []): string | null {
  if (typeof value === 'string') return value.trim() === '' ? path.join('.') : null
  if (typeof value !== 'object' || value === null) return null
  for (const [key, each] of Object.entries(value)) {
    const found = emptyPath(each, [...path, key])
    if (found !== null) return found
  }
  return null
}

/** A template's variables may hold no line breaks, tabs or more than four spaces in a row; a contact's data may. */
function inOneLine(template: WhatsappTemplate): WhatsappTemplate {
  const one = (text: string) => text.replace(/[\r\n\t]+| {5,}/g, ' ')
  return {
    ...template,
    ...(template.header?.text === undefined ? {} : { header: { ...template.header, text: one(template.header.text) } }),
    ...(template.body === undefined ? {} : { body: template.body.map(one) }),
    ...(template.cards === undefined
      ? {}
      : { cards: template.cards.map((card) => ({ ...card, ...(card.body === undefined ? {} : { body: card.body.map(one) }) })) }),
    ...(template.variables === undefined
      ? {}
      : { variables: Object.fromEntries(Object.entries(template.variables).map(([name, text]) => [name, one(text)])) }),
  }
}

/** By these the provider says that the 24 hours are over, whatever is known here: Meta's, Twilio's. */
export const WINDOW_CLOSED_CODES: ReadonlySet<string> = new Set(['131047', '63016'])

/** What a refusal tells of the template itself: what comes next is held back rather than refused again. */
export const TEMPLATE_FAULTS: Readonly<Record<string, TemplateStatus>> = {
  132001: 'DELETED',
  132015: 'PAUSED',
  132016: 'DISABLED',
  63027: 'DELETED',
}
