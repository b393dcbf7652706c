import { drawn, type JourneyTemplate } from './journey-template.ts'

const CART = 'shop://cart/{{ event.cartId }}'

export const abandonedCart: JourneyTemplate = {
  key: 'abandoned_cart',
  title: 'Abandoned cart',
  description: 'A cart is filled and then left: a push, an email if the push is ignored, an SMS if the email is. Buying that cart ends it at once.',
  slots: {
    push: {
      channel: 'push',
      title: 'First reminder',
      content: { title: 'Still thinking?', body: 'Your {{ event.item }} is waiting.', deepLink: CART },
    },
    email: {
      channel: 'email',
      title: 'Second reminder',
      content: {
        subject: 'Your {{ event.item }} is still here',
        html: '<p>You left a {{ event.item }} behind.</p><p><a href="https://shop.example/cart/{{ event.cartId }}">Back to the cart</a></p>',
      },
    },
    sms: { channel: 'sms', title: 'Last call', content: { body: 'Last call for your {{ event.item }}. Reply STOP to opt out.' } },
  },
  parameters: {},
  graph: (templates) => {
    const ignored = (to: string) => ({ ignored: to, failed: to, suppressed: to })
    return drawn(
      {
        cart: ['event_trigger', 'Cart filled, then quiet', { event: 'cart.item_added', matchKey: 'cartId', quietFor: 'PT15M' }, { next: 'push' }],
        push: ['push', 'First reminder', { templateId: templates.push, followUps: [{ on: 'IGNORED', after: 'PT2H' }] }, ignored('email')],
        email: ['email', 'Second reminder', { templateId: templates.email, followUps: [{ on: 'IGNORED', after: 'P1D' }] }, ignored('sms')],
        sms: ['sms', 'Last call', { templateId: templates.sms }],
      },
      { goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D', valueProperty: 'total' }] },
    )
  },
}
