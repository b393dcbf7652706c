/**
 * The abandoned cart: quiet after a cart was filled, then a push, an email if the push is ignored, an SMS if
 * the email is too; a purchase of the same cart ends it at once. Hours are seconds here, so that it can be watched.
 */
export function abandonedCart(templates: { push: string; email: string; sms: string }) {
  return {
    reentry: { rule: 'ONE_AT_A_TIME' },
    settings: { purpose: 'PROMOTIONAL' },
    nodes: [
      {
        key: 'cart',
        name: 'Cart filled, then quiet',
        position: { x: 0, y: 0 },
        config: { eventTrigger: { event: 'cart.item_added', matchKey: 'cartId', quietFor: 'PT2S' } },
      },
      { key: 'pause', name: 'A moment', position: { x: 0, y: 120 }, config: { delay: { duration: 'PT2S' } } },
      {
        key: 'push',
        name: 'Push',
        position: { x: 0, y: 240 },
        config: { push: { templateId: templates.push, followUps: [{ on: 'IGNORED', after: 'PT5S' }] } },
      },
      {
        key: 'email',
        name: 'Email',
        position: { x: 0, y: 360 },
        config: { email: { templateId: templates.email, followUps: [{ on: 'IGNORED', after: 'PT6S' }] } },
      },
      { key: 'sms', name: 'SMS', position: { x: 0, y: 480 }, config: { sms: { templateId: templates.sms } } },
    ],
    edges: [
      { from: 'cart', port: 'next', to: 'pause' },
      { from: 'pause', port: 'next', to: 'push' },
      { from: 'push', port: 'ignored', to: 'email' },
      { from: 'push', port: 'failed', to: 'email' },
      { from: 'push', port: 'suppressed', to: 'email' },
      { from: 'email', port: 'ignored', to: 'sms' },
      { from: 'email', port: 'failed', to: 'sms' },
      { from: 'email', port: 'suppressed', to: 'sms' },
    ],
    exitRules: [],
    goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D', valueProperty: 'total' }],
  }
}

export const TEMPLATES = {
  push: {
    name: 'Cart push',
    channel: 'PUSH',
    content: {
      title: 'Still thinking, {{ contact.firstName }}?',
      body: 'Your {{ event.item }} is waiting.',
      deepLink: 'shop://cart/{{ event.cartId }}',
    },
  },
  email: {
    name: 'Cart email',
    channel: 'EMAIL',
    content: {
      subject: '{{ contact.firstName }}, your {{ event.item }} is still here',
      html: '<h1>Hello {{ contact.firstName }}</h1><p>You left a {{ event.item }} behind.</p><p><a href="https://shop.example/cart/{{ event.cartId }}">Back to the cart</a></p>',
    },
  },
  sms: {
    name: 'Cart SMS',
    channel: 'SMS',
    content: {
      body: 'Last call for your {{ event.item }}, {{ contact.firstName }}: https://shop.example/c/{{ event.cartId }} Reply STOP to opt out',
    },
  },
} as const
