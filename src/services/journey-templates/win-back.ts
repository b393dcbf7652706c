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
      push: [
        'push',
        'We miss you',
        { templateId: templates.push, followUps: [{ on: 'IGNORED', after: 'P1D' }] },
        { ignored: 'email', failed: 'email', suppressed: 'email', next: 'return' },
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
