import { drawn, type JourneyTemplate, onTo, typed } from './journey-template.ts'

const active = (within: string) => ({ event: { name: 'app.opened', within } })

export const kycOnboarding: JourneyTemplate = {
  key: 'kyc_onboarding',
  title: 'KYC onboarding',
  description:
    'From signing up to proving who one is: in the app at the first login, by email on day 2, by push on day 5 and SMS on day 10 where somebody is inactive. Days count from signing up.',
  slots: {
    welcome: { channel: 'in_app', title: 'At the first login', content: { surface: 'MODAL', title: 'One step left', body: 'Show us who you are.' } },
    email: { channel: 'email', title: 'Day 2', content: { subject: 'One step left', html: '<p>Prove who you are and begin.</p>' } },
    push: { channel: 'push', title: 'Day 5', content: { title: 'Still there?', body: 'It takes two minutes.' } },
    sms: { channel: 'sms', title: 'Day 10', content: { body: 'Shall we call you? Reply YES.' } },
    thanks: { channel: 'sms', title: 'Answer to YES', content: { body: 'Thank you. We shall call you today.' } },
  },
  parameters: {},
  graph: (templates) =>
    drawn(
      {
        signup: ['event_trigger', 'Signed up', { event: 'user.signed_up' }, { next: 'login' }],
        login: ['wait', 'First login', { events: [{ name: 'seen', event: 'app.opened' }], timeout: 'P2D' }, { seen: 'welcome', timeout: 'welcome' }],
        // Whoever has not come by then is shown it whenever they do: it waits in the app.
        welcome: ['in_app', 'At the first login', { templateId: templates.welcome }, onTo('day_2')],
        day_2: ['delay', 'Day 2', { duration: 'P2D', anchor: 'ENTRY' }, { next: 'email' }],
        email: ['email', 'Day 2', { templateId: templates.email }, onTo('day_5')],
        day_5: ['delay', 'Day 5', { duration: 'P5D', anchor: 'ENTRY' }, { next: 'idle_5' }],
        idle_5: ['branch', 'Active lately?', { branches: [{ name: 'active', when: active('P3D') }] }, { active: 'day_10', else: 'push' }],
        push: ['push', 'Day 5', { templateId: templates.push }, onTo('day_10')],
        day_10: ['delay', 'Day 10', { duration: 'P10D', anchor: 'ENTRY' }, { next: 'idle_10' }],
        idle_10: ['branch', 'Active lately?', { branches: [{ name: 'active', when: active('P5D') }] }, { active: 'done', else: 'sms' }],
        sms: ['sms', 'Day 10', { templateId: templates.sms }, onTo('reply')],
        reply: [
          'wait',
          'Reply',
          {
            events: [{ name: 'yes', event: 'sms.message.received', where: [{ path: 'text', op: 'IN', value: typed('yes') }] }],
            timeout: 'P3D',
          },
          { yes: 'call', timeout: 'done' },
        ],
        call: ['update', 'Wants a call', { addTags: ['kyc:call'] }, { next: 'thanks' }],
        thanks: ['sms', 'Answer to YES', { templateId: templates.thanks }],
        done: ['exit', 'Given up', { reason: 'not verified' }],
      },
      { reentry: { rule: 'ONCE' }, purpose: 'SERVICE', goals: [{ name: 'verified', event: 'kyc.completed', window: 'P30D' }] },
    ),
}
