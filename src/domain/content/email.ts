import { type Infer, object, optional, text } from '../shape.ts'
import type { ContentKind } from './content-kind.ts'

const shape = object({
  subject: text({ title: 'Subject', max: 998 }),
  html: text({ title: 'HTML body', max: 1_000_000 }),
  text: optional(text({ title: 'Plain text body', max: 1_000_000 })),
  preheader: optional(text({ title: 'Preheader', description: 'What an inbox shows after the subject.', max: 500 })),
  replyTo: optional(text({ title: 'Reply to', max: 320 })),
})

export type EmailContent = Infer<typeof shape>
export const EMAIL: ContentKind<EmailContent> = { shape, inHtml: ['html', 'preheader'] }
