import { drawn, type JourneyTemplate, onTo } from './journey-template.ts'

export const winBack: JourneyTemplate = {
  key: 'win_back',
  title: 'Win-back',
  description: 'A week without a login: a push, an email if it is ignored, a reward in the app on return, an SMS for those who stay away.',
  slots: {
    push: { channel: 'push', title: 'We miss you', content: { title: 'Long time no see', body: 'Something is waiting for you.' } },
    email: { channel: 'email', title: 'A day later', content: { subject: 'We miss you', html: '<p>Come back to a reward.</p>' } },
    reward: { channel: 'in_app', title: 'Reward on return', content: { surface: 'FULL_SCREEN', title: 'Welcome back', body: '10 % for you.' } },
    sms: { channel: 'sms', title: 'Last call', content: { body: 'Your reward expires soon. Reply STOP to opt out.' } },
  },
  parameters: {},
  graph: (templates) => {
    const back = (timeout: string) => ({ events: [{ name: 'back', event: 'app.opened' }], timeout })
    return drawn({
      away: ['inactivity_trigger', 'A week away', { events: ['app.opened'], after: 'P7D' }, { next: 'push' }],
      push: ['push', 'We miss you', { templateId: templates.push }, onTo('first_day')],
      // Not the follow-up IGNORED of the push: who comes back by themselves is not to get an email that says we miss them.
      first_day: ['wait', 'Back within a day?', back('P1D'), { back: 'reward', timeout: 'ignored' }],
      ignored: [
        'branch',
        'Push ignored?',
        { branches: [{ name: 'opened', when: { engagement: { node: 'push', status: 'OPENED' } } }] },
        { opened: 'return', else: 'email' },
      ],
      email: ['email', 'A day later', { templateId: templates.email }, onTo('return')],
      return: ['wait', 'Back?', back('P3D'), { back: 'reward', timeout: 'sms' }],
      sms: ['sms', 'Last call', { templateId: templates.sms }, onTo('at_last')],
      at_last: ['wait', 'Back at last?', back('P7D'), { back: 'reward', timeout: 'gone' }],
      reward: ['in_app', 'Reward on return', { templateId: templates.reward }],
      gone: ['exit', 'Stayed away', { reason: 'stayed away' }],
    })
  },
}
