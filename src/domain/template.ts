import type { JsonObject } from './json.ts'

/** One language's content of a template, in its channel's shape (content.ts), texts as Liquid. */
export interface TemplateVariant {
  /** BCP 47, such as `en` or `pt-BR`. */
  locale: string
  content: JsonObject
}

/** A value a template expects under `vars`. */
export interface TemplateVariable {
  name: string
  required: boolean
  /** Used where the enrollment has none. */
  default: string | null
}
