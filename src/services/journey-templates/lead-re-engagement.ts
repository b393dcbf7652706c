import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { coupon } from './whatsapp-slots.ts'

export const leadReEngagement: JourneyTemplate = {
  key: 'lead_re_engagement',
  title: 'Lead re-engagement',
  description:
    'A month of silence: an email, two days later WhatsApp and a push; a day after, whoever has read and not clicked is reported. A purchase ends it.',
  slots: {
    email: {
      channel: 'email',
      title: 'Still interested?',
      content: { subject: 'Still interested?', html: '<p><a href="https://shop.example">Have a look</a></p>' },
    },
    whatsapp: coupon('A word', 'BACK10', '10 %'),
    push: { channel: 'push', title: 'Once more', content: { title: 'Once more', body: 'We are here.' } },
  },
  parameters: { sales: { title: 'The sales team', example: 'https://crm.example/warm-leads' } },
  graph: (templates, { sales }) => {
    const any = (status: string, ...nodes: string[]) => ({ any: nodes.map((node) => ({ engagement: { node, status } })) })
    // A push has no reading: opening it is a click. Nor has WhatsApp a click but its buttons, which answer.
    const read = any('OPENED', 'email', 'whatsapp')
    const clicked = { any: [...any('CLICKED', 'email', 'whatsapp', 'push').any, ...any('OPENED', 'push').any, ...any('REPLIED', 'whatsapp').any] }
    return drawn(
      {
        silent: ['inactivity_trigger', 'A month of silence', { after: 'P30D' }, { next: 'email' }],
        email: ['email', 'Still interested?', { templateId: templates.email }, onTo('days')],
        days: ['delay', 'Two days', { duration: 'P2D' }, { next: 'whatsapp' }],
        whatsapp: ['whatsapp', 'A word', { templateId: templates.whatsapp }, onTo('push')],
        push: ['push', 'Once more', { templateId: templates.push }, onTo('day')],
        day: ['delay', 'A day to read it', { duration: 'P1D' }, { next: 'warm' }],
        warm: ['branch', 'Read, and no click?', { branches: [{ name: 'warm', when: { all: [read, { not: clicked }] } }] }, { warm: 'sales' }],
        sales: ['webhook', 'Tell sales', { method: 'POST', url: sales, body: { json: { contact: '{{ contact.externalId }}' } } }],
      },
      { goals: [{ name: 'bought', event: 'order.placed', window: 'P30D', valueProperty: 'total' }] },
    )
  },
}
