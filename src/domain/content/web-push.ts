import { duration, type Infer, object, optional, text } from '../shape.ts'
import { type ContentKind, textMap, url } from './content-kind.ts'

const shape = object({
  title: text({ title: 'Title', max: 500 }),
  body: text({ title: 'Text', max: 2_000 }),
  iconUrl: optional(url('Icon')),
  imageUrl: optional(url('Image')),
  url: optional(url('Opens')),
  data: optional(textMap),
  topic: optional(text({ title: 'Topic', description: 'A later message with the same topic replaces this one while it is undelivered.', max: 64 })),
  ttl: optional(duration({ title: 'Time to live', allowZero: true })),
})

export type WebPushContent = Infer<typeof shape>
export const WEB_PUSH: ContentKind<WebPushContent> = { shape, verbatim: ['ttl'] }
