import type { Channel } from '../channel.ts'
import type { CheckScope } from './node-kind.ts'

/** Reports, at the field that names it, what is wrong with a template for this channel; where in the template, the message says. */
export function checkTemplate(scope: CheckScope, channel: Channel, templateId: string, path: readonly string[]): void {
  const channels = scope.templateChannels(templateId)
  if (!channels.includes(channel)) {
    scope.report('UNKNOWN_TEMPLATE', path, channels.length === 0 ? 'there is no such template' : `the template is for ${channels.join(' and ')}`)
    return
  }
  for (const fault of scope.templateFaults(templateId, channel)) {
    const where = fault.path.length === 0 ? '' : `${fault.path.join('.')}: `
    scope.report('TEMPLATE_REFUSED', path, `${where}${fault.message}`)
  }
}
