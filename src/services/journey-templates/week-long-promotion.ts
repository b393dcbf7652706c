import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { coupon } from './whatsapp-slots.ts'

export const weekLongPromotion: JourneyTemplate = {
  key: 'week_long_promotion',
  title: 'Week-long promotion',
  description:
    'Launched to a segment: an email, a day later a WhatsApp coupon, a push every day, an SMS on the last one, and at the end a report of who bought.',
  slots: {
    email: { channel: 'email', title: 'Launch', content: { subject: 'A week of offers', html: '<p>Seven days, seven offers.</p>' } },
    coupon: coupon('A coupon', 'WEEK10', '10 %'),
    push: { channel: 'push', title: 'Offer of the day', content: { title: 'Offer of the day', body: 'Have a look.' } },
    sms: { channel: 'sms', title: 'Last day', content: { body: 'Today is the last day. Reply STOP to opt out.' } },
  },
  parameters: { report: { title: 'The report', example: 'https://shop.example/promotion' } },
  graph: (templates, { report }) =>
    drawn(
      {
        launch: ['api_trigger', 'Launched', {}, { next: 'email' }],
        email: ['email', 'Launch', { templateId: templates.email }, onTo('day')],
        day: ['delay', 'A day', { duration: 'P1D' }, { next: 'coupon' }],
        coupon: ['whatsapp', 'A coupon', { templateId: templates.coupon }, onTo('daily')],
        daily: ['repeat', 'Every day', { every: 'P1D', times: 6 }, { body: 'push', done: 'last' }],
        push: ['push', 'Offer of the day', { templateId: templates.push }, onTo('daily')],
        last: ['delay', 'The last day', { duration: 'P6D', anchor: 'ENTRY' }, { next: 'sms' }],
        sms: ['sms', 'Last day', { templateId: templates.sms }, onTo('over')],
        over: ['delay', 'The week is over', { duration: 'P7D', anchor: 'ENTRY' }, { next: 'result' }],
        result: ['branch', 'Bought?', { branches: [{ name: 'bought', when: { goal: 'bought' } }] }, { bought: 'report' }],
        report: ['webhook', 'Report the purchase', { method: 'POST', url: report, body: { json: { contact: '{{ contact.externalId }}' } } }],
      },
      { goals: [{ name: 'bought', event: 'order.placed', window: 'P7D', valueProperty: 'total', onReached: 'RECORD' }] },
    ),
}
