import { createHash } from 'node:crypto'

/** A template as Meta has it: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates. */
export interface SandboxTemplate {
  name: string
  language: string
  category: 'MARKETING' | 'UTILITY' | 'AUTHENTICATION'
  status: string
  components: readonly TemplateComponent[]
}

export interface TemplateComponent {
  type: string
  format?: string
  text?: string
  buttons?: readonly { type: string; text: string; url?: string }[]
  cards?: readonly { components: readonly TemplateComponent[] }[]
}

const body = (text: string): TemplateComponent => ({ type: 'BODY', text })
const image: TemplateComponent = { type: 'HEADER', format: 'IMAGE' }
const document: TemplateComponent = { type: 'HEADER', format: 'DOCUMENT' }
const replies = (...texts: string[]): TemplateComponent => ({ type: 'BUTTONS', buttons: texts.map((text) => ({ type: 'QUICK_REPLY', text })) })
const card = (text: string) => ({ components: [image, body(text), replies('Show me')] })
const code = { type: 'URL', text: 'Copy code', url: 'https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}' }

/** Every sandbox account has the same, in as many states as there are. */
export const READY_MADE: readonly SandboxTemplate[] = [
  {
    name: 'order_update',
    language: 'en_US',
    category: 'UTILITY',
    status: 'APPROVED',
    components: [
      body('Hello {{1}}, your order {{2}} is on its way.'),
      { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Track it', url: 'https://shop.example/track/{{1}}' }] },
    ],
  },
  {
    name: 'weekend_offer',
    language: 'en_US',
    category: 'MARKETING',
    status: 'APPROVED',
    components: [
      image,
      body('{{1}}, this weekend everything is {{2}} off.'),
      { type: 'FOOTER', text: 'Reply STOP for no more.' },
      replies('Promo', 'Stop'),
    ],
  },
  {
    name: 'login_code',
    language: 'en_US',
    category: 'AUTHENTICATION',
    status: 'APPROVED',
    components: [body('*{{1}}* is your verification code.'), { type: 'BUTTONS', buttons: [code] }],
  },
  {
    name: 'new_arrivals',
    language: 'en_US',
    category: 'MARKETING',
    status: 'APPROVED',
    components: [body('Just in, {{1}}:'), { type: 'CAROUSEL', cards: [card('{{1}} for {{2}}'), card('{{1}} for {{2}}')] }],
  },
  { name: 'greeting', language: 'en_US', category: 'UTILITY', status: 'APPROVED', components: [body('Welcome, {{first_name}}.')] },
  {
    name: 'cart_reminder',
    language: 'en_US',
    category: 'MARKETING',
    status: 'APPROVED',
    components: [body('{{first_name}}, your cart is waiting: {{items}}, {{total}} in all.'), replies('Show me', 'Stop')],
  },
  {
    name: 'coupon',
    language: 'en_US',
    category: 'MARKETING',
    status: 'APPROVED',
    components: [body('{{first_name}}, the code {{code}} takes {{discount}} off.'), replies('Show me', 'Stop')],
  },
  {
    name: 'invoice',
    language: 'en_US',
    category: 'UTILITY',
    status: 'APPROVED',
    components: [document, body('Thank you, {{first_name}}. Here is the invoice of order {{order}}.')],
  },
  { name: 'spring_sale', language: 'en_US', category: 'MARKETING', status: 'PENDING', components: [body('Spring is here.')] },
  { name: 'winter_sale', language: 'en_US', category: 'MARKETING', status: 'PAUSED', components: [body('Winter is here.')] },
]

/** Meta's number of a template, and what Twilio calls its own. */
export function templateId({ name, language }: Pick<SandboxTemplate, 'name' | 'language'>): string {
  return String(1e14 + (Number.parseInt(digest(name, language).slice(0, 12), 16) % 9e14))
}

export function contentSid({ name, language }: Pick<SandboxTemplate, 'name' | 'language'>): string {
  return `HX${digest(name, language).slice(0, 32)}`
}

function digest(name: string, language: string): string {
  return createHash('sha256').update(`throughline sandbox template ${name} ${language}`).digest('hex')
}

/** The placeholders of a text, each once. */
export function placeholders(text = ''): string[] {
  return [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? ''))]
}

/** The templates of any number of accounts: the ready-made ones, as reviews have left them. */
export interface TemplateShelf {
  of(account: string): readonly SandboxTemplate[]
  /** Puts a status on a template, as a review does; false where there is none of this name. */
  review(account: string, name: string, status: string): SandboxTemplate | null
}

export function openShelf(): TemplateShelf {
  const changed = new Map<string, string>()
  const of = (account: string) => READY_MADE.map((each) => ({ ...each, status: changed.get(`${account} ${each.name}`) ?? each.status }))
  return {
    of,
    review(account, name, status) {
      changed.set(`${account} ${name}`, status)
      return of(account).find((each) => each.name === name) ?? null
    },
  }
}
