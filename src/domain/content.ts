import type { Channel } from './channel.ts'
import { isObject, type JsonObject } from './json.ts'
import { custom, duration, type Infer, list, object, optional, type Shape, text } from './shape.ts'

/** Keys and values are text, as FCM carries them: a number would be refused by the provider, at send time. */
const textMap: Shape<Record<string, string>> = custom({ type: 'object', additionalProperties: { type: 'string' } }, (value, path, report) => {
  if (!isObject(value)) return void report(path, 'must be an object')
  let sound = true
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'string') continue
    report([...path, key], 'must be text')
    sound = false
  }
  return sound ? (value as Record<string, string>) : undefined
})

const url = (title: string) => text({ title, max: 2_000, description: 'May hold Liquid.' })

const EMAIL = object({
  subject: text({ title: 'Subject', max: 998 }),
  html: text({ title: 'HTML body', max: 1_000_000 }),
  text: optional(text({ title: 'Plain text body', max: 1_000_000 })),
  preheader: optional(text({ title: 'Preheader', description: 'What an inbox shows after the subject.', max: 500 })),
  replyTo: optional(text({ title: 'Reply to', max: 320 })),
})

const SMS = object({
  body: text({ title: 'Text', max: 1_600 }),
  mediaUrls: optional(list(url('Media'), { max: 10 })),
})

const PUSH = object({
  title: text({ title: 'Title', max: 500 }),
  body: text({ title: 'Text', max: 2_000 }),
  imageUrl: optional(url('Image')),
  deepLink: optional(url('Deep link')),
  data: optional(textMap),
  collapseKey: optional(text({ title: 'Collapse key', description: 'A later message with the same key replaces this one.', max: 64 })),
  ttl: optional(duration({ title: 'Time to live', allowZero: true })),
})

export type EmailContent = Infer<typeof EMAIL>
export type SmsContent = Infer<typeof SMS>
export type PushContent = Infer<typeof PUSH>

/** What a template's variant holds on each channel. Every text but `ttl` is a Liquid template. */
export const CONTENT = { email: EMAIL, sms: SMS, push: PUSH } as const satisfies Record<Channel, Shape<unknown>>

/** One Liquid text of a template: rendered with HTML escaping where it ends up inside a document. */
export interface TemplateText {
  path: readonly string[]
  text: string
  escape: 'html' | 'none'
}

const NOT_LIQUID: ReadonlySet<string> = new Set(['push.ttl'])
const IN_HTML: ReadonlySet<string> = new Set(['email.html', 'email.preheader'])

/** Every Liquid text of a content, in the order of its fields. Content that does not fit its shape gives what texts it has. */
export function templateTexts(channel: Channel, content: JsonObject): TemplateText[] {
  const found: TemplateText[] = []
  const walk = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'string') {
      const field = `${channel}.${path[0]}`
      if (!NOT_LIQUID.has(field)) found.push({ path, text: value, escape: IN_HTML.has(field) ? 'html' : 'none' })
    } else if (Array.isArray(value)) {
      value.forEach((each, index) => {
        walk(each, [...path, String(index)])
      })
    } else if (isObject(value)) {
      for (const [key, each] of Object.entries(value)) walk(each, [...path, key])
    }
  }
  walk(content, [])
  return found
}

/** The content with rendered texts put where `templateTexts` found their templates; the original is left as it is. */
export function withTexts(content: JsonObject, rendered: readonly { path: readonly string[]; text: string }[]): JsonObject {
  const copy = structuredCloneJson(content)
  for (const { path, text } of rendered) {
    const last = path.at(-1)
    if (last === undefined) continue
    let parent: unknown = copy
    for (const part of path.slice(0, -1)) parent = own(parent, part)
    if (Array.isArray(parent) || isObject(parent)) {
      if (Object.hasOwn(parent, last)) (parent as Record<string, unknown>)[last] = text
    }
  }
  return copy
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

function structuredCloneJson(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}
