import { custom, type Infer, object, optional, text } from '../shape.ts'
import type { ContentKind } from './content-kind.ts'
import { emailAttachments, type MailAttachment } from './email-attachments.ts'
import { conditionTemplate, emailBlocks, emailTheme } from './email-blocks.ts'

/** One of them is the body. */
const BODIES = ['html', 'mjml', 'blocks'] as const

const fields = object({
  subject: text({ title: 'Subject', max: 998 }),
  html: optional(text({ title: 'HTML body', max: 1_000_000 })),
  mjml: optional(text({ title: 'MJML body', description: 'Turned into HTML after its Liquid.', max: 262_144 })),
  blocks: optional(emailBlocks),
  theme: optional(emailTheme),
  text: optional(text({ title: 'Plain text body', description: 'Made from the body where it is left out.', max: 1_000_000 })),
  preheader: optional(text({ title: 'Preheader', description: 'What an inbox shows after the subject.', max: 500 })),
  replyTo: optional(text({ title: 'Reply to', max: 320 })),
  attachments: optional(emailAttachments),
})

export type EmailContent = Infer<typeof fields>

/** A mail as adapters get it: rendered, its body HTML, whatever it was made of. */
export interface RenderedEmail {
  subject: string
  html: string
  text?: string
  /** HTML. */
  preheader?: string
  replyTo?: string
  /** Put in their place by the sender. */
  attachments?: readonly MailAttachment[]
}

const shape = custom<EmailContent>({ ...fields.schema, oneOf: BODIES.map((body) => ({ required: [body] })) }, (value, path, report) => {
  const content = fields.parse(value, path, report)
  if (content === undefined) return undefined
  const given = BODIES.filter((body) => content[body] !== undefined)
  if (given.length !== 1) return void report(path, `needs exactly one of ${BODIES.join(', ')}`)
  if (content.theme !== undefined && content.blocks === undefined) return void report([...path, 'theme'], 'is for a mail made of blocks')
  return content
})

export const EMAIL: ContentKind<EmailContent> = {
  shape,
  verbatim: ['theme'],
  inHtml: ['html', 'mjml', 'blocks', 'preheader'],
  templateOf: (path, value) => (path[0] === 'blocks' && path.at(-1) === 'when' ? conditionTemplate(value) : value),
}
