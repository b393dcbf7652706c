import type { Json } from '../json.ts'
import { choice, custom, duration, flag, type Infer, list, number, object, optional, type Shape, text } from '../shape.ts'
import { type ContentKind, link, textMap, url } from './content-kind.ts'
import { fits } from './payload.ts'

/** What FCM carries: https://firebase.google.com/docs/cloud-messaging/customize-messages/set-message-type. The token is not counted. */
export const MOST_PUSH_BYTES = 4_096

export const INTERRUPTION_LEVELS = ['PASSIVE', 'ACTIVE', 'TIME_SENSITIVE', 'CRITICAL'] as const
const PRIORITIES = ['NORMAL', 'HIGH'] as const

const priority = optional(choice(PRIORITIES, { title: 'Priority', description: 'HIGH wakes the device, and is meant where left out.' }))
const ttl = optional(
  duration({ title: 'Time to live', description: 'At most as long as its node waits for it; of this platform, if there.', allowZero: true }),
)
const deepLink = optional(link('Deep link'))
const sound = optional(text({ title: 'Sound', description: 'A file of the app’s; the system’s own where left out.', max: 200 }))

const android = object(
  {
    channelId: optional(text({ title: 'Channel', description: 'A notification channel the app has made.', max: 200 })),
    priority,
    color: optional(text({ title: 'Colour', pattern: /^#[0-9A-Fa-f]{6}$/ })),
    icon: optional(text({ title: 'Icon', description: 'A drawable of the app’s.', max: 200 })),
    sound,
    deepLink,
    ttl,
  },
  { title: 'Android' },
)

const ios = object(
  {
    subtitle: optional(text({ title: 'Subtitle', max: 500 })),
    badge: optional(number({ title: 'Badge', description: 'The number on the app’s icon; 0 takes it off.', min: 0, max: 99_999, integer: true })),
    sound,
    category: optional(text({ title: 'Category', description: 'By which the app has registered buttons.', max: 200 })),
    threadId: optional(text({ title: 'Thread', description: 'Notifications of one thread are grouped.', max: 200 })),
    interruptionLevel: optional(choice(INTERRUPTION_LEVELS, { title: 'Interruption level', description: 'CRITICAL needs Apple’s permission.' })),
    mutableContent: optional(
      flag({ title: 'Mutable', description: 'Lets the app’s extension change it first; so it is where there is a picture or a button.' }),
    ),
    priority,
    deepLink,
    ttl,
  },
  { title: 'iOS' },
)

const action = object({
  key: text({ title: 'Key', description: 'By which the app knows what was pressed.', pattern: /^[A-Za-z0-9_-]+$/, max: 50 }),
  label: text({ title: 'Label', max: 200 }),
  deepLink,
})

const fields = object({
  title: text({ title: 'Title', max: 500 }),
  body: text({ title: 'Text', max: 2_000 }),
  imageUrl: optional(url('Image')),
  deepLink,
  actions: optional(list(action, { title: 'Buttons', min: 1, max: 3 })),
  data: optional(textMap),
  collapseKey: optional(text({ title: 'Collapse key', description: 'A later message with the same key replaces this one.', max: 64 })),
  ttl,
  android: optional(android),
  ios: optional(ios),
})

export type PushContent = Infer<typeof fields>
export type PushPlatform = 'android' | 'ios'

/** Keys FCM keeps for itself: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#Message.FIELDS.data. */
const RESERVED = /^(from|message_type|(google|gcm)(\..*)?)$/

const shape: Shape<PushContent> = custom(fields.schema, (value, path, report) => {
  const content = fields.parse(value, path, report)
  if (content === undefined) return undefined
  const { actions = [], data = {}, title, body } = content
  const twice = actions.findIndex((each, index) => actions.findIndex((other) => other.key === each.key) !== index)
  if (twice >= 0) return void report([...path, 'actions', String(twice), 'key'], 'is there twice')
  const reserved = Object.keys(data).find((key) => RESERVED.test(key))
  if (reserved !== undefined) return void report([...path, 'data', reserved], 'is a name FCM keeps for itself')
  // The least of what it is sent as: what is still too large then depends on the platform.
  const least = JSON.stringify({ notification: { title, body }, data: pushData(content, ANY_ID, 'android') })
  return fits(content as Json, least, MOST_PUSH_BYTES, path, report) ? content : undefined
})

/** As long as they all are. */
const ANY_ID = '00000000-0000-8000-8000-000000000000'

export const PUSH: ContentKind<PushContent> = { shape, verbatim: ['ttl'] }

/**
 * What reaches the app itself: the author's data, where to go, the buttons as JSON (`[{ key, label, deepLink }]`), which neither
 * system shows by itself, and our id, by which the app reports deliveries and opens. `platform` null: what holds for both.
 */
export function pushData(content: PushContent, messageId: string, platform: PushPlatform | null): Record<string, string> {
  const link = (platform === null ? undefined : content[platform]?.deepLink) || content.deepLink
  const buttons = content.actions?.map((each) => ({ key: each.key, label: each.label, ...(each.deepLink ? { deepLink: each.deepLink } : {}) }))
  return {
    ...content.data,
    ...(link ? { deep_link: link } : {}),
    ...(buttons ? { actions: JSON.stringify(buttons) } : {}),
    throughline_message: messageId,
  }
}
