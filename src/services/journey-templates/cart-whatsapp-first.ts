import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { cart } from './whatsapp-slots.ts'

export const cartWhatsappFirst: JourneyTemplate = {
  key: 'cart_whatsapp_first',
  title: 'Abandoned cart, WhatsApp first',
  description:
    'Half an hour after a cart was left, a WhatsApp message that shows it; a coupon by email without an answer in six hours, an SMS a day later; without a purchase, a call to a webhook.',
  slots: {
    cart: cart('The cart'),
    coupon: { channel: 'email', title: 'A coupon', content: { subject: '10 % for your cart', html: '<p>Use CART10.</p>' } },
    sms: { channel: 'sms', title: 'Last call', content: { body: 'CART10 ends today. Reply STOP to opt out.' } },
  },
  parameters: { lost: { title: 'Carts that were lost', example: 'https://shop.example/lost-carts' } },
  graph: (templates, { lost }) =>
    drawn(
      {
        left: ['event_trigger', 'Cart left', { event: 'cart.item_added', matchKey: 'cartId', quietFor: 'PT30M' }, { next: 'cart' }],
        cart: [
          'whatsapp',
          'The cart',
          { templateId: templates.cart, followUps: [{ on: 'REPLIED' }], nextAfter: 'PT6H' },
          { replied: 'bought', next: 'coupon', failed: 'coupon', suppressed: 'coupon' },
        ],
        coupon: ['email', 'A coupon', { templateId: templates.coupon }, onTo('day')],
        day: ['delay', 'A day', { duration: 'P1D' }, { next: 'sms' }],
        sms: ['sms', 'Last call', { templateId: templates.sms }, onTo('bought')],
        bought: ['wait', 'Bought?', { events: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId' }], timeout: 'P1D' }, { timeout: 'lost' }],
        lost: ['webhook', 'Report it as lost', { method: 'POST', url: lost, body: { json: { cart: '{{ key }}' } } }],
      },
      { goals: [{ name: 'bought', event: 'order.placed', matchKey: 'cartId', window: 'P7D', valueProperty: 'total' }] },
    ),
}
