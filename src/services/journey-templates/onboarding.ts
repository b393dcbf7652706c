import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { greeting } from './whatsapp-slots.ts'

export const onboarding: JourneyTemplate = {
  key: 'onboarding',
  title: 'Onboarding',
  description: 'A WhatsApp welcome at signing up, a day later an email with the guide as a PDF, a push, and a note to the CRM.',
  slots: {
    welcome: greeting('Welcome'),
    guide: {
      channel: 'email',
      title: 'The guide',
      content: ({ guide = '' }) => ({
        subject: 'Your guide',
        html: '<p>Everything you need, attached.</p>',
        attachments: [{ url: guide, name: 'guide.pdf', contentType: 'application/pdf' }],
      }),
    },
    push: { channel: 'push', title: 'First steps', content: { title: 'Ready?', body: 'Take your first step.' } },
  },
  parameters: {
    guide: { title: 'The guide, a PDF', example: 'https://shop.example/guide.pdf' },
    crm: { title: 'The CRM', example: 'https://crm.example/contacts' },
  },
  graph: (templates, { crm }) =>
    drawn(
      {
        signup: ['event_trigger', 'Signed up', { event: 'user.signed_up' }, { next: 'welcome' }],
        welcome: ['whatsapp', 'Welcome', { templateId: templates.welcome }, onTo('day')],
        day: ['delay', 'A day', { duration: 'P1D' }, { next: 'guide' }],
        guide: ['email', 'The guide', { templateId: templates.guide }, onTo('push')],
        push: ['push', 'First steps', { templateId: templates.push }, onTo('crm')],
        crm: ['webhook', 'Tell the CRM', { method: 'POST', url: crm, body: { json: { contact: '{{ contact.externalId }}', state: 'onboarded' } } }],
      },
      { reentry: { rule: 'ONCE' }, purpose: 'SERVICE', exitRules: [{ event: 'account.closed', reason: 'account closed' }] },
    ),
}
