import { isObject, type JsonObject, objectsOf } from '../domain/json.ts'
import { isWhatsappUserId } from '../domain/whatsapp.ts'
import { placeholders, type SandboxTemplate, type TemplateComponent } from './whatsapp-templates.ts'

export interface MetaFault {
  status: number
  code: number
  details: string
}

const fault = (code: number, details: string, status = 400): MetaFault => ({ status, code, details })
const MEDIA = ['image', 'video', 'document', 'audio', 'sticker']

/** What the Cloud API would say to a message; null where it takes it. `open`: whether its recipient has written within a day. */
export function checkMessage(message: JsonObject | null, templates: readonly SandboxTemplate[], open: boolean): MetaFault | null {
  if (message === null) return fault(100, 'The body is no JSON object.')
  if (message.messaging_product !== 'whatsapp') return fault(100, 'The parameter messaging_product is required.')
  const { to, recipient } = message
  if (recipient === undefined && (typeof to !== 'string' || !/^\+?[1-9]\d{6,14}$/.test(to)))
    return fault(131009, 'Parameter to is not a valid phone number.')
  if (recipient !== undefined && (typeof recipient !== 'string' || !isWhatsappUserId(recipient)))
    return fault(131009, 'Parameter recipient is not a valid user id.')
  const data = message.biz_opaque_callback_data
  if (data !== undefined && (typeof data !== 'string' || data.length > 512)) return fault(100, 'biz_opaque_callback_data is too long.')
  if (message.type === 'template') return checkTemplate(message.template, templates)
  const type = String(message.type ?? 'text')
  const given = message[type]
  if (!isObject(given)) return fault(131008, `Required parameter is missing: ${type}`)
  const wrong = checkFree(type, given as JsonObject)
  if (wrong !== null) return wrong
  return open ? null : fault(131047, 'Message failed to send because more than 24 hours have passed since the customer last replied to this number.')
}

function checkFree(type: string, given: JsonObject): MetaFault | null {
  if (type === 'text') {
    const { body } = given
    if (typeof body !== 'string' || body === '') return fault(131008, 'Required parameter is missing: text.body')
    return body.length > 4_096 ? fault(131009, 'text.body has more than 4096 characters.') : null
  }
  if (MEDIA.includes(type)) {
    if (typeof given.caption === 'string' && given.caption.length > 1_024) return fault(131009, 'caption has more than 1024 characters.')
    return isLink(given.link) ? null : fault(131009, `${type}.link is not a valid URL.`)
  }
  if (type !== 'interactive') return fault(131051, `Message type ${type} is not supported.`)
  if (!isObject(given.body) || typeof given.body.text !== 'string') return fault(131008, 'Required parameter is missing: interactive.body')
  return checkInteractive(given, isObject(given.action) ? (given.action as JsonObject) : {})
}

/** Its text, how many characters it may have, and where it stands. */
type Measured = [text: unknown, most: number, at: string]

/** https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-reply-buttons-messages, …/interactive-list-messages. */
function checkInteractive(given: JsonObject, action: JsonObject): MetaFault | null {
  const isList = given.type === 'list'
  const sections = objectsOf(action.sections)
  const rows = sections.flatMap((each) => objectsOf(each.rows))
  const replies = objectsOf(action.buttons).map((each) => (isObject(each.reply) ? each.reply : {}))
  const choices = isList ? rows : replies
  if (choices.length < 1 || choices.length > (isList ? 10 : 3)) return fault(131009, `interactive has ${choices.length} choices.`)
  if (new Set(choices.map((each) => each.id)).size < choices.length) return fault(131009, 'interactive has an id twice.')
  const texts: Measured[] = [
    [isObject(given.body) ? given.body.text : null, isList ? 4_096 : 1_024, 'body'],
    ...(isObject(given.footer) ? [[given.footer.text, 60, 'footer'] satisfies Measured] : []),
    ...choices.flatMap((each): Measured[] => [
      [each.id, isList ? 200 : 256, 'id'],
      [each.title, isList ? 24 : 20, 'title'],
      ...(each.description === undefined ? [] : [[each.description, 72, 'description'] satisfies Measured]),
    ]),
    ...(isList ? [[action.button, 20, 'button'] satisfies Measured] : []),
    ...sections.flatMap((each): Measured[] => (sections.length > 1 || each.title !== undefined ? [[each.title, 24, 'section']] : [])),
  ]
  const bad = texts.find(([text, most]) => typeof text !== 'string' || text === '' || [...text].length > most)
  if (bad !== undefined) return fault(131009, `interactive: ${bad[2]} is missing or has more than ${bad[1]} characters.`)
  const { header } = given
  if (!isObject(header)) return null
  const media = header[String(header.type)]
  const sound = !isList && ['image', 'video', 'document'].includes(String(header.type)) && isObject(media) && isLink(media.link)
  return sound ? null : fault(131009, 'interactive.header is none of its kind.')
}

function checkTemplate(given: unknown, templates: readonly SandboxTemplate[]): MetaFault | null {
  const { name, language, components } = isObject(given) ? given : {}
  const code = isObject(language) ? language.code : undefined
  const template = templates.find((each) => each.name === name && each.language === code)
  if (template?.status === 'PAUSED') return fault(132015, 'Template is paused.')
  if (template?.status === 'DISABLED') return fault(132016, 'Template is disabled.')
  if (template?.status !== 'APPROVED') return fault(132001, `template name (${String(name)}) does not exist in ${String(code)}`, 404)
  return checkComponents(objectsOf(components), template.components)
}

/** Characters of a template's body, its variables filled in. */
const LONGEST_TEMPLATE = 1_024

function checkComponents(given: readonly JsonObject[], wanted: readonly TemplateComponent[]): MetaFault | null {
  const parametersOf = (type: string) => objectsOf(given.find((each) => each.type === type)?.parameters)
  const top = wanted.find((each) => each.type === 'HEADER')
  const inTop = placeholders(top?.format === 'TEXT' ? top.text : '')[0]
  const format = top?.format === 'TEXT' && inTop === undefined ? null : (top?.format?.toLowerCase() ?? null)
  const [header] = parametersOf('header')
  if (inTop !== undefined && !/^\d+$/.test(inTop) && header?.parameter_name !== inTop) return fault(132012, 'header: parameter name is missing')
  if ((header?.type ?? null) !== format) return fault(132012, `header: expected ${format ?? 'nothing'}`)
  if (header !== undefined && format !== null && format !== 'text' && !(isObject(header[format]) && isLink(header[format].link)))
    return fault(132012, `header: ${format} has no link`)
  const names = placeholders(wanted.find((each) => each.type === 'BODY')?.text)
  const parameters = parametersOf('body')
  if (parameters.length !== names.length)
    return fault(132000, `body: number of localizable_params (${parameters.length}) does not match the expected number of params (${names.length})`)
  if (parameters.some((each) => typeof each.text !== 'string' || each.text === '' || /[\n\t]| {5}/.test(each.text)))
    return fault(132012, 'body: a parameter is empty, or has new-line characters')
  const text = wanted.find((each) => each.type === 'BODY')?.text ?? ''
  if (parameters.reduce((sum, each) => sum + String(each.text).length, text.replace(/\{\{\w+\}\}/g, '').length) > LONGEST_TEMPLATE)
    return fault(132005, `body: the translated text has more than ${LONGEST_TEMPLATE} characters`)
  const named = names.filter((each) => !/^\d+$/.test(each))
  if (named.some((each) => !parameters.some(({ parameter_name }) => parameter_name === each))) return fault(132012, 'body: parameter name is missing')
  const buttons = wanted.find((each) => each.type === 'BUTTONS')?.buttons ?? []
  for (const [index, { type, url }] of buttons.entries()) {
    const parameter = given.find((each) => each.type === 'button' && Number(each.index) === index)
    if (type === 'URL' && placeholders(url).length > 0 && parameter === undefined)
      return fault(131008, `buttons: Button at index ${index} of type Url requires a parameter`)
    if (parameter !== undefined && parameter.sub_type !== type.toLowerCase()) return fault(132012, `buttons: Button at index ${index} is ${type}`)
  }
  const cards = objectsOf(given.find((each) => each.type === 'carousel')?.cards)
  const slots = wanted.find((each) => each.type === 'CAROUSEL')?.cards ?? []
  if (cards.length !== slots.length) return fault(132012, `carousel: expected ${slots.length} cards`)
  for (const [index, slot] of slots.entries()) {
    const wrong = checkComponents(objectsOf(cards[index]?.components), slot.components)
    if (wrong !== null) return wrong
  }
  return null
}

/** What the person reads. */
export function textOf(message: JsonObject, templates: readonly SandboxTemplate[]): string {
  const { type, template } = message
  if (type === 'template' && isObject(template)) {
    const found = templates.find((each) => each.name === template.name)
    const parameters = objectsOf(objectsOf(template.components).find((each) => each.type === 'body')?.parameters)
    const named = new Map(parameters.map(({ parameter_name: name, text }) => [name, text]))
    let n = 0
    return (found?.components.find((each) => each.type === 'BODY')?.text ?? '').replace(/\{\{(\w+)\}\}/g, (_, name: string) =>
      String(named.get(name) ?? parameters[n++]?.text),
    )
  }
  const given = message[String(type)]
  if (!isObject(given)) return ''
  return String((isObject(given.body) ? given.body.text : (given.body ?? given.caption)) ?? '')
}

/** Where the document, picture or film it shows lies. */
export function mediaOf(message: JsonObject): { media?: string } {
  const { type, template } = message
  const header =
    type === 'template' && isObject(template)
      ? objectsOf(objectsOf(template.components).find((each) => each.type === 'header')?.parameters)[0]
      : message
  const given = header?.[String(header.type)]
  return isObject(given) && typeof given.link === 'string' ? { media: given.link } : {}
}

function isLink(value: unknown): boolean {
  return typeof value === 'string' && /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : '')
}
