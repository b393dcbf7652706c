import { isObject } from '../json.ts'
import { custom, type Shape, text } from '../shape.ts'
import { holdsLiquid } from './payload.ts'

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

/** A text that is judged when it is saved where it holds no Liquid; `fault` is null for a sound one. */
export const literal = (shape: Shape<string>, fault: (text: string) => string | null): Shape<string> =>
  custom(shape.schema, (value, path, report) => {
    const given = shape.parse(value, path, report)
    const wrong = given === undefined || holdsLiquid(given) ? null : fault(given)
    return wrong === null ? given : void report(path, wrong)
  })

/** What a channel shows so many characters of: `room` is for the Liquid that comes to them. */
export const brief = (most: number, { room = 200, ...options }: { title?: string; description?: string; room?: number } = {}) =>
  literal(text({ ...options, max: room }), (given) => ([...given].length > most ? `must have at most ${most} characters` : null))

/** Where an app may go, by whatever scheme it knows. */
export const link = (title: string) => text({ title, max: 2_000, description: 'May hold Liquid.' })

export const whyNoWebAddress = (given: string) =>
  URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) ? null : 'must be an http or https address'

export const url = (title: string) => literal(link(title), whyNoWebAddress)
