import { type Channel, OF_DEVICES, type Purpose } from '../domain/channel.ts'
import type { DevicePolicy } from '../domain/gate.ts'
import { isStorableJson, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import { channelsOf, missingVariable, type TemplateVariable } from '../domain/template.ts'
import { ThroughlineError } from '../errors.ts'
import { deliver } from '../lanes/inbox.ts'
import { newLanedId } from '../store/new-id.ts'
import { type ContactReference, findContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { requireTemplate, type TemplateWithVersion } from './templates.ts'
import { requireTopic } from './topics.ts'
import { clientOf } from './transaction.ts'

export interface SendMessage {
  contact: ContactReference
  templateId: string
  /** The template's own where left out. */
  channel?: Channel | null | undefined
  devices?: DevicePolicy | null | undefined
  topicId?: string | null | undefined
  purpose?: Purpose | null | undefined
  vars?: JsonObject | null | undefined
  idempotencyKey?: string | null | undefined
}

const MOST_VARS = 32_768

/** What a template must be given and was not, or given and cannot be kept; `path` is where the caller gave it. */
export function checkVars(declared: readonly TemplateVariable[], vars: JsonObject, path: readonly string[] = ['variables']): void {
  if (!isStorableJson(vars)) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path })
  if (JSON.stringify(vars).length > MOST_VARS)
    throw new ThroughlineError('INVALID_INPUT', `must not be larger than ${MOST_VARS.toLocaleString('en')} characters`, { path })
  const missing = missingVariable(declared, vars)
  if (missing !== null) throw new ThroughlineError('INVALID_INPUT', 'is needed by the template', { path: [...path, missing] })
}

/** The channel asked for, or else the template's own; throws INVALID_INPUT where the template has no variant for it. */
export function channelFor({ template, version }: TemplateWithVersion, asked: Channel | null | undefined): Channel {
  const channel = asked ?? template.channel
  if (!channelsOf(version.variants, template.channel).includes(channel))
    throw new ThroughlineError('INVALID_INPUT', `The template has no variant for ${channel}.`, { path: ['channel'] })
  return channel
}

/** The policy asked for, null for none; throws INVALID_INPUT on a channel whose addresses are not devices. */
export function devicesFor(channel: Channel, asked: DevicePolicy | null | undefined): DevicePolicy | null {
  if (asked != null && !OF_DEVICES.includes(channel))
    throw new ThroughlineError('INVALID_INPUT', `is nothing that ${channel} has`, { path: ['devices'] })
  return asked ?? null
}

/**
 * Hands one message, of no journey, to the ring, which plans it within milliseconds; returns the id it will have. It
 * passes the same gate as every other, so it may end SUPPRESSED with the reason on it.
 */
export async function sendMessage(services: Services, caller: Caller, input: SendMessage): Promise<string> {
  const found = await requireTemplate(services, caller, input.templateId, 'templateId')
  const channel = channelFor(found, input.channel)
  const devices = devicesFor(channel, input.devices)
  const topicId = input.topicId ?? null
  const vars = input.vars ?? {}
  checkVars(found.version.variables, vars)
  return once(services, caller, 'sendMessage', input.idempotencyKey, input, async (em) => {
    await requireTopic(em, topicId)
    const contact = await findContact(em, services, caller, input.contact)
    if (contact === null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contact'] })
    const messageId = newLanedId(contact.lane)
    const { templateId } = input
    const data = {
      messageId,
      channel,
      templateId,
      topicId,
      purpose: input.purpose ?? ('TRANSACTIONAL' as const),
      vars,
      ...(devices === null ? {} : { devices }),
    }
    await deliver(clientOf(em), [{ kind: 'send', data, workspaceId: caller.workspaceId, contactId: contact.id }], services.lanes)
    return messageId
  })
}
