import { registerEnumType } from 'type-graphql'
import { type Channel, PURPOSES } from '../domain/channel.ts'

/** Channels as the API names them: in capitals, one for one with the domain's. */
export const ChannelEnum = { PUSH: 'push', EMAIL: 'email', SMS: 'sms' } as const satisfies Record<string, Channel>
registerEnumType(ChannelEnum, {
  name: 'Channel',
  description: 'A kind of surface messages reach people on. A provider is a company that serves one.',
  valuesConfig: {
    PUSH: { description: 'Mobile push, Android and iOS.' },
    EMAIL: { description: 'Email.' },
    SMS: { description: 'Text messages to a phone number.' },
  },
})

export const PurposeEnum = Object.fromEntries(PURPOSES.map((each) => [each, each])) as { [P in (typeof PURPOSES)[number]]: P }
registerEnumType(PurposeEnum, {
  name: 'Purpose',
  description: 'What a message is for; decides what consent it needs.',
  valuesConfig: {
    TRANSACTIONAL: { description: 'Something the person caused and expects, such as a receipt. Needs no consent; suppression stops it.' },
    SERVICE: { description: 'About something they use. Goes out unless they withdrew consent.' },
    PROMOTIONAL: { description: 'Advertising. Needs consent given; a registered push token counts as that.' },
  },
})
