import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'

const status = (title: string) => ({ surface: 'LIVE_STATUS', key: 'order-{{ event.orderId }}', title })

/** Half an hour is promised; ten minutes more is late. */
const ARRIVES = 'PT40M'

export const orderDelivery: JourneyTemplate = {
  key: 'order_delivery',
  title: 'Order delivery',
  description:
    'From the order to the door: pushes, a live status in the app that is updated in place, an SMS only when it is late, an email the day after. Each order is a journey of its own.',
  slots: {
    confirmed: { channel: 'push', title: 'Confirmed', content: { title: 'Order confirmed', body: 'We are preparing {{ event.orderId }}.' } },
    preparing: { channel: 'in_app', title: 'Status: preparing', content: status('Preparing your order') },
    assigned: { channel: 'push', title: 'On its way', content: { title: 'On its way', body: 'Your order has left.' } },
    riding: { channel: 'in_app', title: 'Status: on its way', content: status('Your order is on its way') },
    late: { channel: 'sms', title: 'Late', content: { body: 'Sorry, order {{ event.orderId }} is running late.' } },
    delivered: { channel: 'push', title: 'Delivered', content: { title: 'Delivered', body: 'Enjoy!' } },
    arrived: { channel: 'in_app', title: 'Status: delivered', content: status('Delivered') },
    email: { channel: 'email', title: 'The day after', content: { subject: 'How was it?', html: '<p>Tell us how your order was.</p>' } },
  },
  parameters: {},
  graph: (templates) => {
    const assigned = { name: 'assigned', event: 'order.partner_assigned', matchKey: 'orderId' }
    const delivered = { name: 'delivered', event: 'order.delivered', matchKey: 'orderId' }
    return drawn(
      {
        order: ['event_trigger', 'Order placed', { event: 'order.placed', matchKey: 'orderId' }, { next: 'confirmed' }],
        confirmed: ['push', 'Confirmed', { templateId: templates.confirmed }, onTo('preparing')],
        preparing: ['in_app', 'Status: preparing', { templateId: templates.preparing }, onTo('partner')],
        partner: [
          'wait',
          'Partner assigned',
          { events: [assigned, delivered], timeout: 'PT30M' },
          { assigned: 'assigned', delivered: 'delivered', timeout: 'no_partner' },
        ],
        no_partner: [
          'wait',
          'Assigned after all',
          { events: [assigned, delivered], timeout: ARRIVES },
          { assigned: 'assigned', delivered: 'delivered', timeout: 'late' },
        ],
        assigned: ['push', 'On its way', { templateId: templates.assigned }, onTo('riding')],
        riding: ['in_app', 'Status: on its way', { templateId: templates.riding }, onTo('expected')],
        expected: ['wait', 'Delivered in time', { events: [delivered], timeout: ARRIVES }, { delivered: 'delivered', timeout: 'late' }],
        late: ['sms', 'Late', { templateId: templates.late }, onTo('at_last')],
        at_last: ['wait', 'Delivered at last', { events: [delivered], timeout: 'P1D' }, { delivered: 'delivered', timeout: 'lost' }],
        delivered: ['push', 'Delivered', { templateId: templates.delivered }, onTo('arrived')],
        arrived: ['in_app', 'Status: delivered', { templateId: templates.arrived }, onTo('next_day')],
        next_day: ['delay', 'The day after', { duration: 'P1D' }, { next: 'email' }],
        email: ['email', 'The day after', { templateId: templates.email }],
        lost: ['exit', 'Never delivered', { reason: 'not delivered' }],
      },
      {
        reentry: { rule: 'EVERY_TIME' },
        purpose: 'TRANSACTIONAL',
        exitRules: [{ event: 'order.cancelled', matchKey: 'orderId', reason: 'cancelled' }],
      },
    )
  },
}
