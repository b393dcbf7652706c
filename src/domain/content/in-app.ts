import { choice, duration, type Infer, object, optional, text } from '../shape.ts'
import { type ContentKind, textMap, url } from './content-kind.ts'

/** Where in the app a message shows. */
export const SURFACES = ['FULL_SCREEN', 'MODAL', 'BANNER', 'INBOX', 'LIVE_STATUS'] as const

const shape = object({
  surface: choice(SURFACES, { title: 'Surface' }),
  title: text({ title: 'Title', max: 500 }),
  body: optional(text({ title: 'Text', max: 10_000 })),
  imageUrl: optional(url('Image')),
  deepLink: optional(url('Deep link')),
  data: optional(textMap),
  ttl: optional(duration({ title: 'Time to live', allowZero: true })),
})

export type InAppContent = Infer<typeof shape>
export const IN_APP: ContentKind<InAppContent> = { shape, verbatim: ['surface', 'ttl'] }
