import { drawn, type JourneyTemplate } from './journey-template.ts'
import { coupon } from './whatsapp-slots.ts'

export const stopAtFirstOpen: JourneyTemplate = {
  key: 'stop_at_first_open',
  title: 'Stop at the first open',
  description: 'A promotion by push, then email, then WhatsApp, which stops as soon as the person engages with any of them.',
  slots: {
    push: { channel: 'push', title: 'Push', content: { title: 'Spring is here', body: 'Have a look.' } },
    email: { channel: 'email', title: 'Email', content: { subject: 'Spring is here', html: '<p>Have a look.</p>' } },
    whatsapp: coupon('WhatsApp', 'SPRING10', '10 %'),
  },
  parameters: {},
  graph: (templates) => {
    const rung = (channel: string) => ({ channel, templateId: templates[channel], wait: 'P1D' })
    return drawn({
      start: ['api_trigger', 'Launched', {}, { next: 'promotion' }],
      promotion: ['escalation', 'Push, email, WhatsApp', { rungs: ['push', 'email', 'whatsapp'].map(rung) }, { engaged: 'engaged' }],
      engaged: ['update', 'Engaged', { addTags: ['engaged'] }],
    })
  },
}
