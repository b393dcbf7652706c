import type { EntityManager } from '@mikro-orm/postgresql'
import type { Channel } from '../domain/channel.ts'
import { holdsLiquid } from '../domain/content/payload.ts'
import type { WhatsappContent } from '../domain/content/whatsapp.ts'
import type { JsonObject } from '../domain/json.ts'
import { type TemplateVariant, variantsFor } from '../domain/template.ts'
import { templateKey } from '../domain/whatsapp.ts'
import { type TemplateStatus, templateMismatches } from '../domain/whatsapp-template.ts'
import { ThroughlineError } from '../errors.ts'
import { ProviderConnectionTable } from '../store/entities/provider-connection.ts'
import { type WhatsappTemplateRow, WhatsappTemplateTable } from '../store/entities/whatsapp-template.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { storeTemplates } from '../store/queries/whatsapp.ts'
import { inWorkspace } from '../store/sql.ts'
import { findCallbackConnection } from './callbacks.ts'
import type { Caller, Services } from './context.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'

/**
 * Asks the provider of a WhatsApp connection for its templates and keeps what it says; those it has no more are
 * DELETED. Answers how many there are. UNAVAILABLE where the provider does not answer, and then nothing changes.
 */
export async function syncWhatsappTemplates(services: Services, caller: Caller, connectionId: string): Promise<number> {
  const connection = await findCallbackConnection(services, connectionId)
  if (connection === null || connection.workspaceId !== caller.workspaceId)
    throw new ThroughlineError('NOT_FOUND', 'There is no such live connection.', { path: ['connectionId'] })
  const given = await services.providerTemplates(connection)
  if (given === null) throw new ThroughlineError('INVALID_INPUT', 'is of a provider without templates', { path: ['connectionId'] })
  const rows = given.map((each) => ({ ...each, id: newId() }))
  await inWorkspace(services.apiPool, caller.workspaceId, (client) => storeTemplates(client, connection, rows))
  return rows.length
}

/** Newest first. */
export async function listWhatsappTemplates(
  services: Services,
  caller: Caller,
  input: Slice & { connectionId: string | null; status: TemplateStatus | null },
): Promise<WhatsappTemplateRow[]> {
  const { connectionId, status } = input
  const where = { ...(connectionId === null ? {} : { connectionId }), ...(status === null ? {} : { status }), ...idsWithin(input) }
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(WhatsappTemplateTable, where, orderOf(input)))
}

export async function whatsappTemplatesByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, WhatsappTemplateRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(WhatsappTemplateTable, { id: { $in: [...ids] } }))
  return new Map(rows.map((row) => [row.id, row]))
}

/** What keeps a template from being sent: as much as is known before anybody gets it. */
export type TemplateFault = { path: readonly string[]; message: string }

/**
 * What is wrong with the WhatsApp contents of a template, seen from the connection they would go through now: an
 * approval that is missing, variables that do not fit. None where nothing is, or where free words are all it has.
 */
export async function whatsappFaults(em: EntityManager, variants: readonly { locale: string; content: JsonObject }[]): Promise<TemplateFault[]> {
  const contents = variants.map(({ content }) => content as unknown as WhatsappContent)
  const plain = contents.every(({ template, session }) => template === undefined && session?.buttons === undefined && session?.list === undefined)
  if (plain && !contents.some(({ session }) => isLong(session))) return []
  const connection = await em.findOne(ProviderConnectionTable, { channel: 'whatsapp', disabledAt: null })
  if (connection === null && plain) return []
  if (connection === null) return [{ path: [], message: 'no WhatsApp connection is live, so no template is approved' }]
  const names = contents.flatMap(({ template }) => (template?.name === undefined ? [] : [template.name]))
  const sids = contents.flatMap(({ template }) => (template?.sid === undefined ? [] : [template.sid]))
  const known = await em.find(WhatsappTemplateTable, { connectionId: connection.id, $or: [{ name: { $in: names } }, { providerId: { $in: sids } }] })
  return contents.flatMap((content, index) =>
    faultsOf(content, connection.provider, known).map(({ path, message }) => ({ path: ['variants', String(index), 'content', ...path], message })),
  )
}

/** Throws TEMPLATE_INVALID at `path` for the first fault of a template that is about to go out on WhatsApp. */
export async function requireSendable(em: EntityManager, own: Channel, variants: readonly TemplateVariant[], path: readonly string[]): Promise<void> {
  const [fault] = await whatsappFaults(em, variantsFor(variants, own, 'whatsapp'))
  if (fault !== undefined)
    throw new ThroughlineError('TEMPLATE_INVALID', `cannot be sent on WhatsApp: ${[...fault.path.slice(3), fault.message].join(' ')}`, { path })
}

/** Characters of free words at Twilio; Meta takes more than twice as many. What Liquid makes of them is seen when they are sent. */
const LONGEST_AT_TWILIO = 1_600
const isLong = (session: WhatsappContent['session']): boolean =>
  session?.text !== undefined && session.text.length > LONGEST_AT_TWILIO && !holdsLiquid(session.text)

function faultsOf(content: WhatsappContent, provider: string, known: readonly WhatsappTemplateRow[]): TemplateFault[] {
  const faults: TemplateFault[] = []
  const fault = (path: readonly string[], message: string) => void faults.push({ path, message })
  const { template, session } = content
  if (provider === 'twilio_whatsapp' && (session?.buttons !== undefined || session?.list !== undefined))
    fault(['session'], 'Twilio sends buttons and lists as contents only')
  if (provider === 'twilio_whatsapp' && isLong(session)) fault(['session', 'text'], `has at most ${LONGEST_AT_TWILIO} characters at Twilio`)
  if (template === undefined) return faults
  const key = templateKey(provider, template)
  if (key === null) fault(['template'], provider === 'meta' ? 'has no name at Meta' : 'has no content SID at Twilio')
  if (key === null) return faults
  const found = known.find((row) => ('sid' in key ? row.providerId === key.sid : row.name === key.name && row.language === key.language))
  const { sid: _, ...named } = template
  // Of a template that is named for several providers, only what this one reads can be wrong.
  const read = 'sid' in key ? { sid: key.sid, ...(template.variables === undefined ? {} : { variables: template.variables }) } : named
  if (found === undefined) fault(['template'], 'is not among the provider’s templates; sync them')
  else if (found.status !== 'APPROVED') fault(['template'], `is ${found.status}`)
  if (found !== undefined) templateMismatches(content.category, read, { category: found.category ?? null, slots: found.slots }, fault)
  return faults
}
