import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'
import { approved } from './whatsapp-slots.ts'

export const onboarding: JourneyTemplate = {
  key: 'onboarding',
  title: 'Onboarding',
  description: 'A WhatsApp welcome at signing up, a day later an email with the guide, a push, and a note to the CRM.',
  slots: {
    welcome: approved('Welcome'),
    guide: { channel: 'email', title: 'The guide', content: { subject: 'Your guide', html: '<p>Everything you need, attached.</p>' } },
    push: { channel: 'push', title: 'First steps', content: { title: 'Ready?', body: 'Take your first step.' } },
  },
  parameters: { crm: { title: 'The CRM', example: 'https://crm.example/contacts' } },
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
      { reentry: { rule: 'ONCE' }, purpose: 'SERVICE' },
    ),
}
