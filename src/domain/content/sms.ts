import { flag, type Infer, list, object, optional, text } from '../shape.ts'
import { type ContentKind, url } from './content-kind.ts'

const shape = object({
  body: text({ title: 'Text', max: 1_600 }),
  mediaUrls: optional(list(url('Media'), { max: 10 })),
  shortenLinks: optional(flag({ title: 'Shorten links', description: 'And count who follows them.' })),
})

export type SmsContent = Infer<typeof shape>
export const SMS: ContentKind<SmsContent> = { shape }
