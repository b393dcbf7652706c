import { duration, type Infer, object, optional, text } from '../shape.ts'
import { type ContentKind, textMap, url } from './content-kind.ts'

const shape = object({
  title: text({ title: 'Title', max: 500 }),
  body: text({ title: 'Text', max: 2_000 }),
  imageUrl: optional(url('Image')),
  deepLink: optional(url('Deep link')),
  data: optional(textMap),
  collapseKey: optional(text({ title: 'Collapse key', description: 'A later message with the same key replaces this one.', max: 64 })),
  ttl: optional(duration({ title: 'Time to live', allowZero: true })),
})

export type PushContent = Infer<typeof shape>
export const PUSH: ContentKind<PushContent> = { shape, verbatim: ['ttl'] }
