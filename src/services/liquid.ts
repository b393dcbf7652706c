import { Liquid, type Parser, RenderTag, type TagToken, type Template, type TopLevelToken } from 'liquidjs'
import type { Channel } from '../domain/channel.ts'
import { type TemplateText, templateTexts, withTexts } from '../domain/content.ts'
import type { JsonObject } from '../domain/json.ts'
import type { TemplateVariant } from '../domain/template.ts'
import { ThroughlineError } from '../errors.ts'
import { composeEmail, whyNoEmail } from './email.ts'
import { plainTextTemplate } from './plain-text.ts'

/**
 * No file system, no prototypes, bounded in text, time and memory; a filter that does not exist is an error. `renderLimit` is milliseconds by
 * the clock, of which a busy machine may take many: a message that is failed for it is failed for good.
 */
const LIMITS = {
  ownPropertyOnly: true,
  strictFilters: true,
  parseLimit: 1_000_000,
  renderLimit: 500,
  memoryLimit: 10_000_000,
  relativeReference: false,
  cache: true,
} as const
/** Tags that would look for a file, and fail at every send, or that print past `outputEscape`. Unknown to every engine, so refused when saved. */
const LEFT_OUT = ['render', 'include', 'layout', 'block', 'echo', 'cycle']

/** An engine that keeps to the limits, and writes what is put out the way its surroundings need it. */
export function openLiquid(outputEscape?: 'escape' | ((value: unknown) => string), templates: Partials = {}): Liquid {
  const engine = new Liquid({ ...LIMITS, templates, ...(outputEscape === undefined ? {} : { outputEscape }) })
  for (const tag of LEFT_OUT) delete engine.tags[tag]
  return engine
}
const PLAIN = openLiquid()

/** The engines of one content: they know its partials, by their names alone, and each has its own escaping also within them. */
interface Engines {
  none: Liquid
  html: Liquid
}
const openEngines = (partials: Partials = {}): Engines => ({ none: openWithPartials(partials), html: openWithPartials(partials, 'escape') })
const NO_PARTIALS = openEngines()

function openWithPartials(partials: Partials, outputEscape?: 'escape', named: (name: string) => void = () => {}): Liquid {
  const engine = openLiquid(outputEscape, partials)
  engine.registerTag(
    'render',
    class extends RenderTag {
      constructor(token: TagToken, rest: TopLevelToken[], liquid: Liquid, parser: Parser) {
        super(token, rest, liquid, parser)
        const { file } = this as unknown as { file: unknown }
        // A name that data makes cannot be looked up when the template is saved.
        if (typeof file !== 'string') throw new ThroughlineError('TEMPLATE_INVALID', 'render takes the name of a partial, in quotes')
        named(file)
      }
    },
  )
  return engine
}

let names = new Set<string>()
/** Opening an engine takes five times as long as it takes to read a line. */
const NAMING = openWithPartials({}, undefined, (name) => names.add(name))

/** The partials a text names itself, or why it is no template. */
export function usesOf(text: string): Uses {
  names = new Set()
  try {
    NAMING.parse(text)
    return { names: [...names], fault: null }
  } catch (error) {
    return { names: [], fault: error instanceof Error ? error.message : 'does not parse' }
  }
}
export interface Uses {
  names: string[]
  fault: string | null
}

/** What keeps a text from being a template, in the engine's words; null where nothing does. */
export function checkTemplate(text: string): string | null {
  try {
    PLAIN.parse(text)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'does not parse'
  }
}

/** As long as a mail's body may be. */
export const LONGEST_TEXT = 5_000_000

/** What a content is rendered from. */
export interface Source {
  content: JsonObject
  /** All it may `render`, directly or by another. */
  partials?: Partials | undefined
}
/** Texts by name. */
export type Partials = Readonly<Record<string, string>>
/** A content's templates, taken apart once. */
export interface Prepared {
  channel: Channel
  content: JsonObject
  texts: readonly TemplateText[]
  templates: readonly Template[][]
  engines: Engines
}
/** What is wrong with a content, and where in it. */
export interface Fault {
  path: readonly string[]
  message: string
}
/** Told how many of the texts are done, before each of them. */
export type AtText = (index: number) => void

/** Throws what Liquid throws at a text that does not parse. */
export function prepareContent(channel: Channel, source: Source, atText: AtText = () => {}): Prepared {
  const content = channel === 'email' ? withPlainText(source.content) : source.content
  const texts = templateTexts(channel, content)
  const engines = source.partials === undefined ? NO_PARTIALS : openEngines(source.partials)
  const templates = texts.map((each, index) => {
    atText(index)
    return engines[each.escape].parse(each.text)
  })
  return { channel, content, texts, templates, engines }
}

/** A mail of HTML alone gets its plain text as a template, where one can be made. */
function withPlainText(content: JsonObject): JsonObject {
  if (typeof content.html !== 'string' || typeof content.text === 'string') return content
  const text = plainTextTemplate(content.html)
  return text === null || checkTemplate(text) !== null ? content : { ...content, text }
}

/**
 * A content as somebody with this data gets it: every Liquid text rendered, a mail's body made HTML. Throws what Liquid
 * throws, and TEMPLATE_INVALID where no mail can be made of it. Nobody knows how long a stranger's template takes: but in
 * tests it runs where it can be ended (rendering/).
 */
export function renderPrepared(prepared: Prepared, scope: object, atText?: AtText): JsonObject {
  const rendered = fill(prepared, scope, atText)
  return prepared.channel === 'email' ? composeEmail(rendered) : rendered
}

export function renderContent(channel: Channel, content: JsonObject, scope: object): JsonObject {
  return renderPrepared(prepareContent(channel, { content }), scope)
}

function fill({ content, texts, templates, engines }: Prepared, scope: object, atText: AtText = () => {}): JsonObject {
  const rendered = texts.map((each, index) => {
    atText(index)
    const text = String(engines[each.escape].renderSync(templates[index] ?? [], scope))
    // What Liquid counts is what its filters take, not what all of them make of it.
    if (text.length > LONGEST_TEXT) throw new ThroughlineError('TEMPLATE_INVALID', `${each.path.join('.')} is longer than ${LONGEST_TEXT} characters`)
    return { ...each, text }
  })
  atText(texts.length)
  return withTexts(content, rendered)
}

/** What keeps a content from being sent, whatever the data: a text that does not parse, a body of which no mail can be made; null where nothing is known to. */
export function inspectContent(channel: Channel, source: Source, atText: AtText = () => {}): Fault | null {
  for (const [index, { path, text }] of templateTexts(channel, source.content).entries()) {
    atText(index)
    const { names, fault } = usesOf(text)
    const unknown = names.find((name) => !Object.hasOwn(source.partials ?? {}, name))
    const message = unknown === undefined ? fault : `There is no partial «${unknown}».`
    if (message !== null) return { path, message }
  }
  return checkComposition(channel, source, atText)
}

function checkComposition(channel: Channel, source: Source, atText: AtText): Fault | null {
  if (channel !== 'email') return null
  let bare: JsonObject
  try {
    bare = fill(prepareContent(channel, source), {}, atText)
  } catch {
    // A filter that needs something to work on: with data it may be right.
    return null
  }
  return whyNoEmail(source.content, bare)
}

/** The variant of a locale: exact, then its language, then the first. null only where there is none at all. */
export function pickVariant(variants: readonly TemplateVariant[], locale: string | null): TemplateVariant | null {
  const wanted = locale?.toLowerCase() ?? ''
  const language = wanted.split('-')[0] ?? ''
  const named = (name: string) => variants.find((each) => each.locale.toLowerCase() === name)
  return named(wanted) ?? named(language) ?? variants[0] ?? null
}
