import type { JsonObject } from '../json.ts'
import { choice, custom, duration, flag, type Infer, list, object, optional, type Shape, text } from '../shape.ts'
import { type ContentKind, textMap, url } from './content-kind.ts'
import { fits } from './payload.ts'

/** RFC 8030 §5.3: what a battery that is low is still spent on. */
export const URGENCIES = ['VERY_LOW', 'LOW', 'NORMAL', 'HIGH'] as const

/**
 * 4,096 bytes is what every push service takes (RFC 8030 §7.2). Of them the header of the encryption takes 86, the tag
 * 16 and the delimiter 1 (RFC 8188 §2); the library does not look.
 */
export const MOST_WEB_PUSH_BYTES = 3_993

const action = object({
  action: text({ title: 'Key', description: 'By which the page knows what was pressed.', pattern: /^[A-Za-z0-9_-]+$/, max: 50 }),
  title: text({ title: 'Label', max: 200 }),
  iconUrl: optional(url('Icon')),
  url: optional(url('Opens')),
})

const fields = object({
  title: text({ title: 'Title', max: 500 }),
  body: text({ title: 'Text', max: 2_000 }),
  iconUrl: optional(url('Icon')),
  imageUrl: optional(url('Image')),
  badgeUrl: optional(url('Badge')),
  url: optional(url('Opens')),
  actions: optional(list(action, { title: 'Buttons', description: 'Browsers show the first two.', min: 1, max: 4 })),
  data: optional(textMap),
  topic: optional(text({ title: 'Topic', description: 'A later message with the same topic replaces this one, delivered or not.', max: 64 })),
  urgency: optional(choice(URGENCIES, { title: 'Urgency', description: 'HIGH for transactional messages, else NORMAL, where left out.' })),
  requireInteraction: optional(flag({ title: 'Stays', description: 'Until it is dealt with.' })),
  silent: optional(flag({ title: 'Silent' })),
  ttl: optional(duration({ title: 'Time to live', description: 'At most as long as its node waits for it.', allowZero: true })),
})

export type WebPushContent = Infer<typeof fields>

const shape: Shape<WebPushContent> = custom(fields.schema, (value, path, report) => {
  const content = fields.parse(value, path, report)
  if (content === undefined) return undefined
  const keys = (content.actions ?? []).map((each) => each.action)
  const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index)
  if (twice >= 0) return void report([...path, 'actions', String(twice), 'action'], 'is there twice')
  return fits(content as JsonObject, webPushPayload(content, ANY_ID), MOST_WEB_PUSH_BYTES, path, report) ? content : undefined
})

/** As long as they all are. */
const ANY_ID = '00000000-0000-8000-8000-000000000000'

export const WEB_PUSH: ContentKind<WebPushContent> = { shape, verbatim: ['urgency', 'ttl'] }

/**
 * What the page's service worker is given, as JSON: the members of NotificationOptions by their own names, so that
 * `showNotification(title, rest)` is all it has to do, and in `data` our id, where to go, and the author's own. Under
 * one `tag` a later notification takes the earlier one's place, as one that was sent twice does.
 */
export function webPushPayload(content: WebPushContent, messageId: string): string {
  const { title, body, iconUrl, imageUrl, badgeUrl, url: opens, actions = [], data = {}, requireInteraction, silent } = content
  const ways = actions.flatMap((each) => (each.url ? [[each.action, each.url]] : []))
  return JSON.stringify({
    title,
    body,
    ...(iconUrl ? { icon: iconUrl } : {}),
    ...(imageUrl ? { image: imageUrl } : {}),
    ...(badgeUrl ? { badge: badgeUrl } : {}),
    ...(actions.length > 0
      ? { actions: actions.map((each) => ({ action: each.action, title: each.title, ...(each.iconUrl ? { icon: each.iconUrl } : {}) })) }
      : {}),
    ...(requireInteraction ? { requireInteraction } : {}),
    ...(silent ? { silent } : {}),
    tag: content.topic || messageId,
    data: {
      ...data,
      throughline_message: messageId,
      ...(opens ? { url: opens } : {}),
      ...(ways.length > 0 ? { actions: Object.fromEntries(ways) } : {}),
    },
  })
}
