import { drawn, type JourneyTemplate, onTo, typed } from './journey-template.ts'
import { answer } from './whatsapp-slots.ts'

const says = (word: string) => [{ path: 'text', op: 'IN' as const, value: typed(word) }]

export const inboundWhatsapp: JourneyTemplate = {
  key: 'inbound_whatsapp',
  title: 'Inbound WhatsApp',
  description: 'Somebody writes Help or Promo: they are answered at once, and led into support or shown an offer.',
  slots: {
    help: answer('Help is on its way', { text: 'Thanks for writing. Somebody will be with you shortly.' }),
    promo: answer('The offer', { text: 'Here is your code: PROMO10.' }),
  },
  parameters: { support: { title: 'The help desk', example: 'https://desk.example/tickets' } },
  graph: (templates, { support }) =>
    drawn(
      {
        help: ['event_trigger', 'Writes Help', { event: 'whatsapp.message.received', where: says('Help') }, { next: 'answer_help' }],
        promo: ['event_trigger', 'Writes Promo', { event: 'whatsapp.message.received', where: says('Promo') }, { next: 'answer_promo' }],
        answer_help: ['whatsapp', 'Help is on its way', { templateId: templates.help }, onTo('ticket')],
        ticket: ['webhook', 'Open a ticket', { method: 'POST', url: support, body: { json: { text: '{{ event.text }}' } } }],
        answer_promo: ['whatsapp', 'The offer', { templateId: templates.promo }],
      },
      { purpose: 'SERVICE' },
    ),
}
