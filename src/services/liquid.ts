import { Liquid, type Template } from 'liquidjs'
import type { Channel } from '../domain/channel.ts'
import { type TemplateText, templateTexts, withTexts } from '../domain/content.ts'
import type { JsonObject } from '../domain/json.ts'
import type { TemplateVariant } from '../domain/template.ts'
import { composeEmail, whyNoEmail } from './email.ts'
import { plainTextTemplate } from './plain-text.ts'

/** No file system, no prototypes, bounded in text, time and memory; a filter that does not exist is an error. */
const LIMITS = {
  ownPropertyOnly: true,
  strictFilters: true,
  parseLimit: 1_000_000,
  renderLimit: 200,
  memoryLimit: 10_000_000,
  relativeReference: false,
  templates: {},
} as const
/** Tags that would look for a file, and fail at every send, or that print past `outputEscape`. Unknown to every engine, so refused when saved. */
const LEFT_OUT = ['render', 'include', 'layout', 'block', 'echo', 'cycle']

/** An engine that keeps to the limits, and writes what is put out the way its surroundings need it. */
export function openLiquid(outputEscape?: 'escape' | ((value: unknown) => string)): Liquid {
  const engine = new Liquid({ ...LIMITS, ...(outputEscape === undefined ? {} : { outputEscape }) })
  for (const tag of LEFT_OUT) delete engine.tags[tag]
  return engine
}
const PLAIN = openLiquid()
const HTML = openLiquid('escape')

/** What keeps a text from being a template, in the engine's words; null where nothing does. */
export function checkTemplate(text: string): string | null {
  try {
    PLAIN.parse(text)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'does not parse'
  }
}

const MOST_PARSED = 2_000
const engineOf = (escaping: TemplateText['escape']) => (escaping === 'html' ? HTML : PLAIN)

/** A content's templates, taken apart once. */
interface Parsed {
  content: JsonObject
  texts: readonly TemplateText[]
  templates: readonly Template[][]
}
const parsed = new Map<string, Parsed>()

function parse(channel: Channel, given: JsonObject): Parsed {
  const content = channel === 'email' ? withPlainText(given) : given
  const texts = templateTexts(channel, content)
  return { content, texts, templates: texts.map((each) => engineOf(each.escape).parse(each.text)) }
}

/** A mail of HTML alone gets its plain text as a template, where one can be made. */
function withPlainText(content: JsonObject): JsonObject {
  if (typeof content.html !== 'string' || typeof content.text === 'string') return content
  const text = plainTextTemplate(content.html)
  return text === null || checkTemplate(text) !== null ? content : { ...content, text }
}

/**
 * A content as somebody with this data gets it: every Liquid text rendered, a mail's body made HTML. `cacheKey` names an
 * immutable content (template, version, locale): it is parsed once per process. Throws what Liquid throws, and
 * TEMPLATE_INVALID where no mail can be made of it.
 */
export function renderContent(channel: Channel, content: JsonObject, scope: object, cacheKey?: string): JsonObject {
  const known = cacheKey === undefined ? undefined : parsed.get(cacheKey)
  const whole = known ?? parse(channel, content)
  if (cacheKey !== undefined && known === undefined) {
    if (parsed.size >= MOST_PARSED) parsed.clear()
    parsed.set(cacheKey, whole)
  }
  const rendered = fill(whole, scope)
  return channel === 'email' ? composeEmail(rendered) : rendered
}

function fill({ content, texts, templates }: Parsed, scope: object): JsonObject {
  const rendered = texts.map((each, index) => ({ ...each, text: String(engineOf(each.escape).renderSync(templates[index] ?? [], scope)) }))
  return withTexts(content, rendered)
}

/** What keeps a content whose texts parse from being sent, whatever the data; null where nothing is known to. */
export function checkComposition(channel: Channel, content: JsonObject): { path: readonly string[]; message: string } | null {
  if (channel !== 'email') return null
  let bare: JsonObject
  try {
    bare = fill(parse(channel, content), {})
  } catch {
    // A filter that needs something to work on: with data it may be right.
    return null
  }
  return whyNoEmail(content, bare)
}

/** The variant of a locale: exact, then its language, then the first. null only where there is none at all. */
export function pickVariant(variants: readonly TemplateVariant[], locale: string | null): TemplateVariant | null {
  const wanted = locale?.toLowerCase() ?? ''
  const language = wanted.split('-')[0] ?? ''
  const named = (name: string) => variants.find((each) => each.locale.toLowerCase() === name)
  return named(wanted) ?? named(language) ?? variants[0] ?? null
}
