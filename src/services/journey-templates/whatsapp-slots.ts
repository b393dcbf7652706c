import type { JsonObject } from '../../domain/json.ts'
import type { Slot } from './journey-template.ts'

const NAME = '{{ contact.firstName | default: "there" }}'
/** Of a list of names, or of things with one, or of the one thing that was put in last. */
const ITEMS =
  '{% for each in event.items %}{{ each.name | default: each }}{% unless forloop.last %}, {% endunless %}{% else %}{{ event.item | default: "your things" }}{% endfor %}'

/** What a tap on their first button brings back. */
const SHOW_ME = { buttons: [{ index: 0, type: 'QUICK_REPLY', value: 'show' }] }

/** Words to begin with need a template the provider has approved: these are the sandbox's, which have their variables by name. */
const approved = (title: string, category: 'MARKETING' | 'UTILITY', name: string, variables: JsonObject = {}, rest: JsonObject = {}): Slot => ({
  channel: 'whatsapp',
  title,
  content: { category, template: { name, language: 'en_US', variables: { first_name: NAME, ...variables }, ...rest } },
})

export const greeting = (title: string): Slot => approved(title, 'UTILITY', 'greeting')

export const coupon = (title: string, code: string, discount: string): Slot => approved(title, 'MARKETING', 'coupon', { code, discount }, SHOW_ME)

/** What is in the cart and what it comes to, as the event that filled it says. */
export const cart = (title: string): Slot =>
  approved(title, 'MARKETING', 'cart_reminder', { items: ITEMS, total: '{{ event.total | default: "your price" }}' }, SHOW_ME)

/** Carries the document whose address the event has as `invoiceUrl`; WhatsApp fetches it from there. */
export const invoice = (title: string): Slot =>
  approved(
    title,
    'UTILITY',
    'invoice',
    { order: '{{ event.orderId }}' },
    { header: { media: { type: 'document', url: '{{ event.invoiceUrl }}', filename: 'invoice-{{ event.orderId }}.pdf' } } },
  )

/** Within a day of somebody's writing, words are free. */
export const answer = (title: string, session: JsonObject): Slot => ({ channel: 'whatsapp', title, content: { category: 'SERVICE', session } })
