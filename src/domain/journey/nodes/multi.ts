import { CHANNELS, type Channel, OF_DEVICES } from '../../channel.ts'
import type { DevicePolicy } from '../../gate.ts'
import { choice, list, object, type Shape, text } from '../../shape.ts'
import type { NodeKind } from '../node-kind.ts'
import { DEVICES, FOLLOWED_FIELDS, type FollowedConfig, followedKind } from './message.ts'

export interface MultiConfig extends FollowedConfig {
  messages: { channel: Channel; templateId: string; devices?: DevicePolicy }[]
}

const config = object({
  messages: list(
    object({
      channel: choice(CHANNELS, { title: 'Channel' }),
      templateId: text({ title: 'Template', format: 'template' }),
      devices: DEVICES,
    }),
    { title: 'Messages', min: 2, max: CHANNELS.length },
  ),
  ...FOLLOWED_FIELDS,
}) as Shape<MultiConfig>

const followed = followedKind<MultiConfig>(
  {
    kind: 'multi',
    title: 'Several channels at once',
    icon: 'radio-tower',
    description:
      'Says the same thing on several channels at once and goes on when a provider has accepted any of it, or follows up on what gets furthest.',
    config,
  },
  ({ messages }) => messages.map(({ channel, templateId, devices }, index) => ({ channel, templateId, devices, path: ['messages', String(index)] })),
)

/** One intent on several channels at once, for what is urgent: as one message in all that follows from it. */
export const multi: NodeKind<MultiConfig> = {
  ...followed,
  check(settings, scope) {
    settings.messages.forEach(({ channel, devices }, index) => {
      const report = (field: string, message: string) => scope.report('INVALID_CONFIG', ['messages', String(index), field], message)
      if (settings.messages.findIndex((each) => each.channel === channel) !== index) report('channel', 'is used twice')
      if (devices !== undefined && !OF_DEVICES.includes(channel)) report('devices', `is nothing that ${channel} has`)
    })
    followed.check?.(settings, scope)
  },
}
