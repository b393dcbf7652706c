import { Liquid, type Template } from 'liquidjs'
import type { Channel } from '../domain/channel.ts'
import { templateTexts, withTexts } from '../domain/content.ts'
import type { JsonObject } from '../domain/json.ts'
import type { TemplateVariant } from '../domain/template.ts'

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
const PLAIN = new Liquid(LIMITS)
const HTML = new Liquid({ ...LIMITS, outputEscape: 'escape' })

/** Tags that would look for a file, and fail at every send, or that print past `outputEscape`. Unknown to both engines, so refused when saved. */
for (const engine of [PLAIN, HTML]) for (const tag of ['render', 'include', 'layout', 'block', 'echo', 'cycle']) delete engine.tags[tag]

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
const parsed = new Map<string, Template[][]>()

/**
 * Every Liquid text of a content rendered with the scope. `cacheKey` names an immutable content (template,
 * version, locale): it is parsed once per process. Throws what Liquid throws.
 */
export function renderContent(channel: Channel, content: JsonObject, scope: object, cacheKey?: string): JsonObject {
  const texts = templateTexts(channel, content)
  const engineOf = (escaping: 'html' | 'none') => (escaping === 'html' ? HTML : PLAIN)
  let templates = cacheKey === undefined ? undefined : parsed.get(cacheKey)
  if (templates === undefined) {
    templates = texts.map((each) => engineOf(each.escape).parse(each.text))
    if (cacheKey !== undefined) {
      if (parsed.size >= MOST_PARSED) parsed.clear()
      parsed.set(cacheKey, templates)
    }
  }
  const rendered = texts.map((each, index) => ({ ...each, text: String(engineOf(each.escape).renderSync(templates[index] ?? [], scope)) }))
  return withTexts(content, rendered)
}

/** The variant of a locale: exact, then its language, then the first. null only where there is none at all. */
export function pickVariant(variants: readonly TemplateVariant[], locale: string | null): TemplateVariant | null {
  const wanted = locale?.toLowerCase() ?? ''
  const language = wanted.split('-')[0] ?? ''
  const named = (name: string) => variants.find((each) => each.locale.toLowerCase() === name)
  return named(wanted) ?? named(language) ?? variants[0] ?? null
}
