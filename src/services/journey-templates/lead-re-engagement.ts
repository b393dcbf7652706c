import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { approved } from './whatsapp-slots.ts'

export const leadReEngagement: JourneyTemplate = {
  key: 'lead_re_engagement',
  title: 'Lead re-engagement',
  description: 'A month of silence: an email, two days later WhatsApp, a push; who read the email and did not click is reported.',
  slots: {
    email: {
      channel: 'email',
      title: 'Still interested?',
      content: { subject: 'Still interested?', html: '<p><a href="https://shop.example">Have a look</a></p>' },
    },
    whatsapp: approved('A word'),
    push: { channel: 'push', title: 'Once more', content: { title: 'Once more', body: 'We are here.' } },
  },
  parameters: { sales: { title: 'The sales team', example: 'https://crm.example/warm-leads' } },
  graph: (templates, { sales }) =>
    drawn({
      silent: ['inactivity_trigger', 'A month of silence', { after: 'P30D' }, { next: 'email' }],
      email: ['email', 'Still interested?', { templateId: templates.email }, onTo('days')],
      days: ['delay', 'Two days', { duration: 'P2D' }, { next: 'whatsapp' }],
      whatsapp: ['whatsapp', 'A word', { templateId: templates.whatsapp }, onTo('push')],
      push: ['push', 'Once more', { templateId: templates.push }, onTo('warm')],
      warm: [
        'branch',
        'Read, and no click?',
        {
          branches: [
            {
              name: 'warm',
              when: { all: [{ engagement: { node: 'email', status: 'OPENED' } }, { not: { engagement: { node: 'email', status: 'CLICKED' } } }] },
            },
          ],
        },
        { warm: 'sales', else: 'done' },
      ],
      sales: ['webhook', 'Tell sales', { method: 'POST', url: sales, body: { json: { contact: '{{ contact.externalId }}' } } }, { success: 'done' }],
      done: ['exit', 'Over', {}],
    }),
}
