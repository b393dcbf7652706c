import { durationMillis } from '../duration.ts'
import { parseInstant } from '../instant.ts'
import { isStorableJson, type JsonObject } from '../json.ts'
import { choice, custom, duration, type Infer, list, number, object, optional, type Shape, text } from '../shape.ts'
import { type ContentKind, link, textMap, url } from './content-kind.ts'

/** Where in the app a message shows. */
export const SURFACES = ['FULL_SCREEN', 'MODAL', 'BANNER', 'INBOX', 'LIVE_STATUS'] as const
export type Surface = (typeof SURFACES)[number]

export const APP_PLATFORMS = ['IOS', 'ANDROID', 'WEB'] as const
export type AppPlatform = (typeof APP_PLATFORMS)[number]

const DEFAULT_PRIORITY = 50
/** A message nobody ever closes would else be shown to whoever comes back after a year. Milliseconds. */
const DEFAULT_TTL = 30 * 86_400_000
const LONGEST_KEY = 200

const names = (title: string, description: string) => optional(list(text({ max: 200 }), { title, description, min: 1, max: 50 }))

const button = object({
  key: text({ title: 'Key', description: 'By which a click on it is reported.', pattern: /^[A-Za-z0-9_-]+$/, max: 50 }),
  label: text({ title: 'Label', max: 200 }),
  deepLink: optional(link('Deep link')),
})

const fields = object({
  surface: choice(SURFACES, { title: 'Surface' }),
  title: text({ title: 'Title', max: 500 }),
  body: optional(text({ title: 'Text', max: 10_000 })),
  imageUrl: optional(url('Image')),
  deepLink: optional(link('Deep link')),
  buttons: optional(list(button, { title: 'Buttons', max: 5 })),
  data: optional(textMap),
  key: optional(
    text({
      title: 'Key',
      description: 'A later message with the same key takes the place of this one. May hold Liquid. Needed for a live status.',
      max: LONGEST_KEY,
    }),
  ),
  priority: optional(number({ title: 'Priority', description: 'The highest is shown first; 50 where left out.', min: 0, max: 100, integer: true })),
  target: optional(
    object(
      {
        platforms: optional(list(choice(APP_PLATFORMS), { title: 'Platforms', min: 1, max: APP_PLATFORMS.length })),
        screens: names('Screens', 'Shown on these alone, by the names the app gives them.'),
        events: names('Events', 'Shown when the app sees one of these happen.'),
      },
      { title: 'Where it shows', description: 'What is left out does not matter.' },
    ),
  ),
  ttl: optional(duration({ title: 'Time to live', description: 'From when it is sent; 30 days where left out.' })),
  expiresAt: optional(
    text({ title: 'Ends at', description: 'An instant as ISO 8601 has it, at most `ttl` away. May hold Liquid, such as an offer’s end.', max: 500 }),
  ),
})

export type InAppContent = Infer<typeof fields>

const shape: Shape<InAppContent> = custom(
  { ...fields.schema, anyOf: [{ properties: { surface: { not: { const: 'LIVE_STATUS' } } } }, { required: ['key'] }] },
  (value, path, report) => {
    const content = fields.parse(value, path, report)
    if (content === undefined) return undefined
    const { surface, key, buttons = [] } = content
    if (surface === 'LIVE_STATUS' && key === undefined) return void report([...path, 'key'], 'is needed by a live status: what it is the status of')
    const twice = buttons.findIndex((each, index) => buttons.findIndex((other) => other.key === each.key) !== index)
    if (twice >= 0) return void report([...path, 'buttons', String(twice), 'key'], 'is there twice')
    return content
  },
)

export const IN_APP: ContentKind<InAppContent> = { shape, verbatim: ['surface', 'target', 'ttl'] }

/** A message as it is kept for the app. */
export interface InAppShowing {
  content: InAppContent
  /** What it is an update of; null for a message that stands alone. */
  key: string | null
  priority: number
  /** null: on every one. */
  platforms: readonly AppPlatform[] | null
  screens: readonly string[] | null
  events: readonly string[] | null
  /** How long it shows, in milliseconds; never past `until`, in Unix milliseconds. */
  ttl: number
  until: number | null
}

/** What a browser would run instead of open, where some of it came with an event. Browsers leave out white space and control characters. */
const runs = (link: string | undefined): boolean => /^(javascript|vbscript|data):/i.test(link?.replace(/[^!-~]/g, '') ?? '')

/** What rendered content comes to, or what keeps it from being shown: only now is it known what its Liquid gives. */
export function showingOf(rendered: JsonObject, now: number): InAppShowing | { fault: string } {
  if (!isStorableJson(rendered)) return { fault: 'holds NUL or half a surrogate pair' }
  const content = rendered as unknown as InAppContent
  const { target = {}, buttons = [] } = content
  const key = content.key?.trim() ?? null
  // Everything whose key came out empty would take each other's place.
  if (key !== null && (key === '' || key.length > LONGEST_KEY)) return { fault: `key must have 1 to ${LONGEST_KEY} characters` }
  const until = content.expiresAt === undefined ? null : parseInstant(content.expiresAt.trim())
  if (content.expiresAt !== undefined && until === null) return { fault: 'expiresAt is not an instant' }
  if (until !== null && until <= now) return { fault: 'expiresAt has passed' }
  if ([content, ...buttons].some((each) => runs(each.deepLink))) return { fault: 'a deep link would run code' }
  return {
    content,
    key,
    priority: content.priority ?? DEFAULT_PRIORITY,
    platforms: target.platforms ?? null,
    screens: target.screens ?? null,
    events: target.events ?? null,
    ttl: content.ttl === undefined ? DEFAULT_TTL : durationMillis(content.ttl),
    until,
  }
}
