import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { invoice } from './whatsapp-slots.ts'

export const postPurchase: JourneyTemplate = {
  key: 'post_purchase',
  title: 'Post-purchase',
  description:
    'When an order is delivered: thanks by WhatsApp with the invoice, three days later an email, then a push, and a note to your systems. Sending it back ends it.',
  slots: {
    thanks: invoice('Thanks'),
    email: { channel: 'email', title: 'How was it?', content: { subject: 'How was it?', html: '<p>Rate your order.</p>' } },
    push: { channel: 'push', title: 'More like this', content: { title: 'More like this', body: 'You may like these.' } },
  },
  parameters: { done: { title: 'Your systems', example: 'https://shop.example/post-purchase' } },
  graph: (templates, { done }) =>
    drawn(
      {
        delivered: [
          'event_trigger',
          'Order delivered',
          { event: 'order.status_changed', where: [{ path: 'status', op: 'EQ', value: 'delivered' }], matchKey: 'orderId' },
          { next: 'thanks' },
        ],
        thanks: ['whatsapp', 'Thanks', { templateId: templates.thanks }, onTo('days')],
        days: ['delay', 'Three days', { duration: 'P3D' }, { next: 'email' }],
        email: ['email', 'How was it?', { templateId: templates.email }, onTo('push')],
        push: ['push', 'More like this', { templateId: templates.push }, onTo('done')],
        done: ['webhook', 'Tell your systems', { method: 'POST', url: done, body: { json: { order: '{{ key }}' } } }],
      },
      { purpose: 'SERVICE', exitRules: [{ event: 'order.returned', matchKey: 'orderId', reason: 'returned' }] },
    ),
}
