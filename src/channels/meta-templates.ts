import { isObject, type JsonObject, objectsOf, parseObject } from '../domain/json.ts'
import { type ButtonSlot, NO_SLOTS, type ProviderTemplate, type TemplateSlots, templateStatus } from '../domain/whatsapp-template.ts'
import { ThroughlineError } from '../errors.ts'
import { scrub } from './failures.ts'
import type { Transport } from './http.ts'

const FIELDS = 'id,name,language,status,category,rejected_reason,components'
const PAGE = 100
/** An account may have 6,000 templates in all languages. */
const MOST_PAGES = 100

/** Every template of the account, page by page: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates. */
export async function readTemplates(transport: Transport, { url, accessToken }: { url: string; accessToken: string }): Promise<ProviderTemplate[]> {
  try {
    const found: ProviderTemplate[] = []
    let after: string | null = null
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = new URLSearchParams({ fields: FIELDS, limit: String(PAGE), ...(after === null ? {} : { after }) })
      const answer = await transport.exchange({ method: 'GET', url: `${url}?${query}`, headers: { authorization: `Bearer ${accessToken}` } })
      const body = answer.type === 'answer' ? (parseObject(answer.body) ?? {}) : {}
      if (answer.type !== 'answer' || answer.status !== 200 || !Array.isArray(body.data)) {
        const said =
          answer.type === 'answer' ? (isObject(body.error) && String(body.error.message)) || `HTTP status ${answer.status}` : answer.message
        throw new ThroughlineError('UNAVAILABLE', `The provider does not say which templates it has: ${scrub(said)}`)
      }
      found.push(...body.data.flatMap((each) => (isObject(each) ? templateOf(each) : [])))
      const { paging } = body
      after = isObject(paging) && paging.next !== undefined && isObject(paging.cursors) ? String(paging.cursors.after) : null
      if (after === null) break
    }
    return found
  } finally {
    await transport.close()
  }
}

function templateOf(given: JsonObject): ProviderTemplate[] {
  const { id, name, language, status, category, rejected_reason: reason, components } = given
  if (id === undefined || typeof name !== 'string' || typeof language !== 'string' || typeof status !== 'string') return []
  const parts = objectsOf(components)
  return [
    {
      providerId: String(id),
      name,
      language,
      category: typeof category === 'string' ? category : null,
      status: templateStatus(status),
      reason: typeof reason === 'string' && reason !== 'NONE' ? reason : null,
      components: parts,
      slots: slotsOf(parts),
    },
  ]
}

/** What of a template's components is filled in at each send. */
export function slotsOf(components: readonly JsonObject[]): TemplateSlots {
  const header = components.find((each) => each.type === 'HEADER')
  const format = String(header?.format ?? 'TEXT')
  const inHeader = format === 'TEXT' ? (variablesOf(header?.text)[0] ?? null) : null
  return {
    ...NO_SLOTS,
    media: header === undefined || format === 'TEXT' ? null : format.toLowerCase(),
    headerText: inHeader !== null,
    headerName: inHeader === null || /^\d+$/.test(inHeader) ? null : inHeader,
    body: variablesOf(components.find((each) => each.type === 'BODY')?.text),
    buttons: buttonSlots(components),
    cards: objectsOf(components.find((each) => each.type === 'CAROUSEL')?.cards).map((card) => {
      const { media, body, buttons } = slotsOf(objectsOf(card.components))
      return { media, body, buttons }
    }),
  }
}

/** In their order, each once: `{{1}}`, or `{{name}}`. */
function variablesOf(text: unknown): string[] {
  return [...new Set([...String(text ?? '').matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ''))]
}

function buttonSlots(components: readonly JsonObject[]): ButtonSlot[] {
  const buttons = objectsOf(components.find((each) => each.type === 'BUTTONS')?.buttons)
  return buttons.flatMap(({ type, url }, index): ButtonSlot[] => {
    if (type === 'QUICK_REPLY' || type === 'COPY_CODE') return [{ index, type }]
    // A one-time code is copied through an address: https://developers.facebook.com/docs/whatsapp/business-management-api/authentication-templates.
    const isAddress = (type === 'URL' && variablesOf(url).length > 0) || type === 'OTP'
    return isAddress ? [{ index, type: 'URL' }] : []
  })
}
