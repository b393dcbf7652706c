import type { Channel } from './channel.ts'
import type { ContentKind } from './content/content-kind.ts'
import { EMAIL } from './content/email.ts'
import { IN_APP } from './content/in-app.ts'
import { PUSH } from './content/push.ts'
import { RCS } from './content/rcs.ts'
import { SMS } from './content/sms.ts'
import { WEB_PUSH } from './content/web-push.ts'
import { WHATSAPP } from './content/whatsapp.ts'
import { isObject, type JsonObject } from './json.ts'

/** What a template's variant holds on each channel. */
export const CONTENT = {
  email: EMAIL,
  sms: SMS,
  push: PUSH,
  web_push: WEB_PUSH,
  in_app: IN_APP,
  whatsapp: WHATSAPP,
  rcs: RCS,
} as const satisfies Record<Channel, ContentKind>

/** One Liquid text of a template: rendered with HTML escaping where it ends up inside a document. */
export interface TemplateText {
  path: readonly string[]
  text: string
  escape: 'html' | 'none'
}

/** Every Liquid text of a content, in the order of its fields. Content that does not fit its shape gives what texts it has. */
export function templateTexts(channel: Channel, content: JsonObject): TemplateText[] {
  const { verbatim = [], inHtml = [], templateOf = (_path, text) => text }: ContentKind = CONTENT[channel]
  const found: TemplateText[] = []
  const walk = (value: unknown, path: readonly string[]): void => {
    if (typeof value === 'string') {
      const field = path[0] ?? ''
      if (!verbatim.includes(field)) found.push({ path, text: templateOf(path, value), escape: inHtml.includes(field) ? 'html' : 'none' })
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
