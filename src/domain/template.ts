import type { Channel } from './channel.ts'
import type { JsonObject } from './json.ts'

/** One language's content of a template for one channel, in that channel's shape (content.ts), texts as Liquid. */
export interface TemplateVariant {
  /** BCP 47, such as `en` or `pt-BR`. */
  locale: string
  /** The template's own where left out. */
  channel?: Channel | null | undefined
  content: JsonObject
}

/** Every channel a template has a variant for, its own first. */
export function channelsOf(variants: readonly Pick<TemplateVariant, 'channel'>[], own: Channel): Channel[] {
  return [...new Set([own, ...variants.map((each) => each.channel ?? own)])]
}

/** Its variants for one channel. */
export function variantsFor<V extends Pick<TemplateVariant, 'channel'>>(variants: readonly V[], own: Channel, channel: Channel): V[] {
  return variants.filter((each) => (each.channel ?? own) === channel)
}

/** A value a template expects under `vars`. */
export interface TemplateVariable {
  name: string
  required: boolean
  /** Used where the enrollment has none. */
  default: string | null
}

type Data = Readonly<Record<string, unknown>>

/** Whom a message is for, as its template reads them. */
export interface Reader {
  externalId: string | null
  attributes: Data
  tags: readonly string[]
  locale: string | null
}
/** What brought the message about, as far as there is anything. */
export interface Occasion {
  event?: Data | undefined
  vars?: Data | undefined
  key?: string | undefined
}

/** What a template reads: the contact, the event, the variables with their defaults (also by their bare names) and the key. */
export function templateScope(
  reader: Reader,
  { event = {}, vars: given, key = '' }: Occasion,
  declared: readonly TemplateVariable[],
): Record<string, unknown> {
  const vars = withDefaults(declared, given)
  const contact = {
    externalId: reader.externalId,
    ...reader.attributes,
    attributes: reader.attributes,
    tags: [...reader.tags],
    locale: reader.locale,
  }
  return { ...vars, contact, event, vars, key }
}

export function withDefaults(declared: readonly TemplateVariable[], vars: Data = {}): Record<string, unknown> {
  const defaults = declared.flatMap(({ name, default: fallback }) => (fallback === null ? [] : [[name, fallback] as const]))
  return { ...Object.fromEntries(defaults), ...vars }
}

/** The first variable the template makes no sense without that is neither given nor has a default; null where all are there. */
export function missingVariable(declared: readonly TemplateVariable[], vars: Data = {}): string | null {
  return declared.find((each) => each.required && each.default === null && vars[each.name] == null)?.name ?? null
}
