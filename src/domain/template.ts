import type { JsonObject } from './json.ts'

/** What becomes of a message whose hand-over ended without an answer: never sent again, or sent again. */
export const WHEN_UNKNOWN = ['HOLD', 'RESEND'] as const
export type WhenUnknown = (typeof WHEN_UNKNOWN)[number]

/** One language's content, as its channel's shape in content.ts says. */
export interface TemplateVariant {
  /** BCP 47, e.g. `de` or `pt-BR`. The first variant serves everybody no other fits. */
  locale: string
  content: JsonObject
}

export interface TemplateVariable {
  /** Dotted path in the rendering scope, e.g. `contact.attributes.firstName`. */
  name: string
  /** Without a value and a default, the message is not sent. */
  required: boolean
  default: string | null
}

/**
 * The variant for a contact's locale: the same tag, else the same language, else the first. Tags compare
 * without case.
 */
export function variantFor(variants: readonly TemplateVariant[], locale: string | null): TemplateVariant | undefined {
  if (locale !== null) {
    const wanted = locale.toLowerCase()
    const language = wanted.split('-', 1)[0]
    const found =
      variants.find((variant) => variant.locale.toLowerCase() === wanted) ??
      variants.find((variant) => variant.locale.toLowerCase() === language) ??
      variants.find((variant) => variant.locale.toLowerCase().split('-', 1)[0] === language)
    if (found) return found
  }
  return variants[0]
}
