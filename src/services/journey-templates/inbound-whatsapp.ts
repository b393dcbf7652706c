import { drawn, type JourneyTemplate, onTo, typed } from './journey-template.ts'
import { answer } from './whatsapp-slots.ts'

const says = (word: string) => [{ path: 'text', op: 'IN' as const, value: typed(word) }]

export const inboundWhatsapp: JourneyTemplate = {
  key: 'inbound_whatsapp',
  title: 'Inbound WhatsApp',
  description: 'Somebody writes Help or Promo: they are answered at once, and led into support, which is not to forget them, or shown an offer.',
  slots: {
    help: answer('Help is on its way', { text: 'Thanks for writing. Somebody will be with you shortly.' }),
    sorry: answer('Still working on it', { text: 'We have not forgotten you. Somebody will answer you today.' }),
    promo: answer('The offer', { text: 'Here is your code: PROMO10.' }),
  },
  parameters: { support: { title: 'The help desk', example: 'https://desk.example/tickets' } },
  graph: (templates, { support }) =>
    drawn(
      {
        help: ['event_trigger', 'Writes Help', { event: 'whatsapp.message.received', where: says('Help') }, { next: 'answer_help' }],
        promo: ['event_trigger', 'Writes Promo', { event: 'whatsapp.message.received', where: says('Promo') }, { next: 'answer_promo' }],
        answer_help: ['whatsapp', 'Help is on its way', { templateId: templates.help }, onTo('ticket')],
        ticket: ['webhook', 'Open a ticket', { method: 'POST', url: support, body: { json: { text: '{{ event.text }}' } } }, { success: 'support' }],
        // Within the day in which words are free.
        support: [
          'wait',
          'Helped?',
          { events: [{ name: 'helped', event: 'support.ticket_solved' }], timeout: 'PT20H' },
          { helped: 'helped', timeout: 'sorry' },
        ],
        sorry: ['whatsapp', 'Still working on it', { templateId: templates.sorry }],
        helped: ['update', 'Helped', { addTags: ['support:helped'] }],
        answer_promo: ['whatsapp', 'The offer', { templateId: templates.promo }],
      },
      { purpose: 'SERVICE' },
    ),
}
