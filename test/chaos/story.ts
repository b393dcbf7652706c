/** Who takes part, what happens to them, and what must become of it. Pure: the same seed and size give the same story. */

export const DELAY = 3_000
const WINDOW = 'PT3S'

export interface Person {
  externalId: string
  email: string
  sms: string
  push: string
  /** What they do with their mail; with anything else they do nothing. */
  persona: (typeof PERSONAS)[number]
  carts: string[]
  /** The cart they pay for as soon as it is filled: no reminder of it, and no effect on the others. */
  buys: string | null
}

const PERSONAS = ['ignorer', 'opener', 'clicker'] as const

export function people(count: number, cartsEach: number): Person[] {
  return Array.from({ length: count }, (_, n) => {
    const persona = PERSONAS[n % PERSONAS.length] ?? 'ignorer'
    const carts = Array.from({ length: cartsEach }, (_, cart) => `p${n}-c${cart}`)
    return {
      externalId: `p${n}`,
      persona,
      email: `${persona}.${n}@chaos.example`,
      // Numbers that end in 04 belong to people who never answer.
      sms: `+1415${String(n).padStart(5, '0')}04`,
      push: `ignorer-device-${n}`,
      carts,
      buys: n % 5 === 0 ? (carts[0] ?? null) : null,
    }
  })
}

/** Every message begins with its node's key and what it is about, so that the provider's log can be read without our ids. */
export const TEMPLATES = {
  push: { channel: 'PUSH', content: { title: 'push {{ event.cartId }}', body: 'is waiting' } },
  email: {
    channel: 'EMAIL',
    content: { subject: 'email {{ event.cartId }}', html: '<p>It is <a href="https://shop.example/cart">waiting</a></p>' },
  },
  thanks: { channel: 'PUSH', content: { title: 'thanks {{ event.cartId }}', body: 'for looking' } },
  sms: { channel: 'SMS', content: { body: 'sms {{ event.cartId }}' } },
  code: { channel: 'SMS', content: { body: 'code {{ contact.externalId }}' }, whenUnknown: 'RESEND' },
} as const
export type NodeKey = keyof typeof TEMPLATES

/** What may be sent again once it is in doubt: a push replaces itself on the device, and a code is better twice than never. */
export const REPEATABLE: ReadonlySet<string> = new Set<NodeKey>(['push', 'thanks', 'code'])

type TemplateIds = Record<NodeKey, string>

/** Five nodes, two of which a click and a silence race for. */
export const cartJourney = (ids: TemplateIds) => ({
  reentry: { rule: 'ONCE' },
  nodes: [
    { key: 'cart', config: { eventTrigger: { event: 'cart.filled', matchKey: 'cartId' } } },
    { key: 'pause', config: { delay: { duration: `PT${DELAY / 1_000}S` } } },
    { key: 'push', config: { push: { templateId: ids.push } } },
    {
      key: 'email',
      config: {
        email: {
          templateId: ids.email,
          followUps: [
            { on: 'CLICKED', after: 'PT0S' },
            { on: 'IGNORED', after: WINDOW },
          ],
        },
      },
    },
    { key: 'thanks', config: { push: { templateId: ids.thanks } } },
    { key: 'sms', config: { sms: { templateId: ids.sms } } },
  ],
  edges: [
    { from: 'cart', port: 'next', to: 'pause' },
    { from: 'pause', port: 'next', to: 'push' },
    { from: 'push', port: 'next', to: 'email' },
    { from: 'email', port: 'clicked', to: 'thanks' },
    { from: 'email', port: 'ignored', to: 'sms' },
  ],
  goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D' }],
})

/** A code to everybody who is enrolled by a call: each call once, however often it is repeated. */
export const codeJourney = (ids: TemplateIds) => ({
  reentry: { rule: 'EVERY_TIME' },
  settings: { purpose: 'TRANSACTIONAL' },
  nodes: [
    { key: 'asked', config: { apiTrigger: {} } },
    { key: 'code', config: { sms: { templateId: ids.code } } },
  ],
  edges: [{ from: 'asked', port: 'next', to: 'code' }],
})

export interface WireEvent {
  messageId: string
  name: string
  contact: { externalId: string }
  properties: { cartId: string }
}

/** Each cart is filled twice in one breath, which makes one enrollment. */
export function fillings(person: Person): WireEvent[] {
  return person.carts.flatMap((cartId) =>
    ['a', 'b'].map((again) => ({
      messageId: `filled-${cartId}-${again}`,
      name: 'cart.filled',
      contact: { externalId: person.externalId },
      properties: { cartId },
    })),
  )
}

export function orders(person: Person): WireEvent[] {
  if (person.buys === null) return []
  return [
    { messageId: `order-${person.buys}`, name: 'order.placed', contact: { externalId: person.externalId }, properties: { cartId: person.buys } },
  ]
}
