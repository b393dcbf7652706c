import { type Infer, object, text } from '../shape.ts'
import type { ContentKind } from './content-kind.ts'

const shape = object({
  text: text({ title: 'Text', max: 4_096 }),
})

export type WhatsappContent = Infer<typeof shape>
export const WHATSAPP: ContentKind<WhatsappContent> = { shape }
