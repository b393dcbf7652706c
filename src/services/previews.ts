import type { Channel } from '../domain/channel.ts'
import { isObject, type JsonObject } from '../domain/json.ts'
import { reckonSms, type SmsReckoning } from '../domain/sms-segments.ts'
import { templateScope, variantsFor, withDefaults } from '../domain/template.ts'
import { ThroughlineError } from '../errors.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { type ContactReference, findContact } from './contacts.ts'
import type { Caller, Services } from './context.ts'
import { pickVariant } from './liquid.ts'
import { shortenedAlike } from './short-links.ts'
import { requireTemplate, type TemplateWithVersion } from './templates.ts'

export interface Preview {
  /** Whose attributes, tags and locale are read; nobody's where left out. */
  contact?: ContactReference | null | undefined
  /** The template's own where left out. */
  channel?: Channel | null | undefined
  locale: string | null
  /** `{contact, event, vars, key}`; what is in it goes before what is the contact's. */
  data: JsonObject
}

/** A template's content as somebody would get it. Throws NOT_FOUND, and TEMPLATE_INVALID where it does not render. */
export async function renderPreview(
  services: Services,
  caller: Caller,
  found: TemplateWithVersion,
  input: Preview,
): Promise<{ channel: Channel; content: JsonObject }> {
  const { reader, locale } = await readerOf(services, caller, input)
  const own = found.template.channel
  const channel = input.channel ?? own
  const variant = pickVariant(variantsFor(found.version.variants, own, channel), input.locale ?? locale)
  if (variant === null) throw new ThroughlineError('NOT_FOUND', `The template has no variant for ${channel}.`, { path: ['channel'] })
  const vars = withDefaults(found.version.variables, isObject(input.data.vars) ? input.data.vars : {})
  const scope = { ...vars, ...reader, ...input.data, vars, ...contactOf(reader, input.data) }
  const source = { content: variant.content, partials: found.version.partials ?? undefined }
  const content = await services.renderer.render(channel, source, scope).catch((error: unknown) => {
    throw error instanceof ThroughlineError && error.code === 'TEMPLATE_INVALID'
      ? new ThroughlineError(error.code, error.message, { path: ['data'] })
      : error
  })
  return { channel, content }
}

/** The scope of a contact, and its locale. */
async function readerOf(
  services: Services,
  caller: Caller,
  { contact }: Preview,
): Promise<{ reader: Record<string, unknown>; locale: string | null }> {
  if (contact == null) return { reader: {}, locale: null }
  const row = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => findContact(em, services, caller, contact))
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contact'] })
  const locale = row.locale ?? null
  const reader = { externalId: row.externalId ?? null, attributes: row.attributes, tags: row.tags, locale }
  return { reader: templateScope(reader, {}, []), locale }
}

/** What is given of a contact goes before what it has itself, attribute by attribute. */
function contactOf(reader: Record<string, unknown>, { contact: given }: JsonObject): object {
  if (!isObject(reader.contact) || !isObject(given)) return {}
  const attributes = {
    ...(isObject(reader.contact.attributes) ? reader.contact.attributes : {}),
    ...(isObject(given.attributes) ? given.attributes : {}),
  }
  return { contact: { ...reader.contact, ...attributes, ...given, attributes } }
}

/** The template as somebody would get it, and as SMS what it would come to, its short links counted as short. */
export async function previewTemplate(
  services: Services,
  caller: Caller,
  input: Preview & { id: string },
): Promise<{ content: JsonObject; sms: SmsReckoning | null }> {
  const found = await requireTemplate(services, caller, input.id, 'id')
  const { channel, content } = await renderPreview(services, caller, found, input)
  return { content, sms: channel === 'sms' ? reckon(content, services.config.publicUrl) : null }
}

function reckon({ body, shortenLinks }: JsonObject, publicUrl: string): SmsReckoning {
  const text = typeof body === 'string' ? body : ''
  return reckonSms(shortenLinks === true ? shortenedAlike(publicUrl, text) : text)
}
