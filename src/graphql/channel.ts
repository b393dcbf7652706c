import { registerEnumType } from 'type-graphql'
import { type Channel, PURPOSES } from '../domain/channel.ts'
import { enumOf } from './enum-of.ts'

/** Channels as the API names them: in capitals, one for one with the domain's. */
export const ChannelEnum = {
  PUSH: 'push',
  WEB_PUSH: 'web_push',
  IN_APP: 'in_app',
  EMAIL: 'email',
  SMS: 'sms',
  WHATSAPP: 'whatsapp',
  RCS: 'rcs',
} as const satisfies Record<string, Channel>
registerEnumType(ChannelEnum, {
  name: 'Channel',
  description: 'A kind of surface messages reach people on. A provider is a company that serves one.',
  valuesConfig: {
    PUSH: { description: 'Mobile push, Android and iOS.' },
    WEB_PUSH: { description: 'Notifications of browsers, on desktop and mobile.' },
    IN_APP: { description: 'Messages shown inside your own app or site. Nobody has to be subscribed to it.' },
    EMAIL: { description: 'Email.' },
    SMS: { description: 'Text messages to a phone number.' },
    WHATSAPP: { description: 'WhatsApp Business messages to a phone number.' },
    RCS: { description: 'Rich messages to a phone number, where phone and carrier take them.' },
  },
})

export const PurposeEnum = enumOf(PURPOSES)
registerEnumType(PurposeEnum, {
  name: 'Purpose',
  description: 'What a message is for; decides what consent it needs.',
  valuesConfig: {
    TRANSACTIONAL: { description: 'Something the person caused and expects, such as a receipt. Needs no consent; suppression stops it.' },
    SERVICE: { description: 'About something they use. Goes out unless they withdrew consent.' },
    PROMOTIONAL: {
      description: 'Advertising. Needs consent given; a registered push token or browser counts as that, and in-app messages need none.',
    },
  },
})
