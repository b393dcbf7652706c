import { isObject } from '../json.ts'
import { custom, type Shape, text } from '../shape.ts'

/** What a template's variant holds on one channel. A channel's is one file here and one line in content.ts. */
export interface ContentKind<T = unknown> {
  shape: Shape<T>
  /** Fields, named by the first part of their path, whose texts are taken as they are: every other text is a Liquid template. */
  verbatim?: readonly string[]
  /** Fields that end up inside a document, and are rendered with HTML escaping. */
  inHtml?: readonly string[]
  /** The Liquid template of a text, where it is not the text itself: a condition's. */
  templateOf?: (path: readonly string[], text: string) => string
}

/** Keys and values are text, as push providers carry them: a number would be refused by the provider, at send time. */
export const textMap: Shape<Record<string, string>> = custom({ type: 'object', additionalProperties: { type: 'string' } }, (value, path, report) => {
  if (!isObject(value)) return void report(path, 'must be an object')
  let sound = true
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'string') continue
    report([...path, key], 'must be text')
    sound = false
  }
  return sound ? (value as Record<string, string>) : undefined
})

export const url = (title: string) => text({ title, max: 2_000, description: 'May hold Liquid.' })
