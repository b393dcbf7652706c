import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { CHANNELS, type Channel } from '../domain/channel.ts'
import { CONTENT, templateTexts } from '../domain/content.ts'
import { isStorableJson, type JsonObject, UNSTORABLE } from '../domain/json.ts'
import type { WhenUnknown } from '../domain/ledger.ts'
import type { Shape } from '../domain/shape.ts'
import { channelsOf, type TemplateVariable, type TemplateVariant, variantsFor } from '../domain/template.ts'
import { ThroughlineError } from '../errors.ts'
import { type TemplateRow, TemplateTable } from '../store/entities/template.ts'
import { type TemplateVersionRow, TemplateVersionTable } from '../store/entities/template-version.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import { checkAttachments } from './attachments.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { conform, containing, isId, nameOf } from './input.ts'
import { type Frozen, freeze, holdFrozen, type Named, NOTHING_FROZEN } from './partials.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'
import { flushUnique } from './transaction.ts'

export interface TemplateContent {
  variants: TemplateVariant[]
  variables?: TemplateVariable[] | null | undefined
  whenUnknown?: WhenUnknown | null | undefined
}

/** A template with one of its versions, the current one unless another was asked for. */
export interface TemplateWithVersion {
  template: TemplateRow
  version: TemplateVersionRow
}

const NAME_TAKEN = 'Another template has this name.'

/** Every variant fits its channel, every text parses: nothing is left to go wrong at send time but the data. */
async function checkContent(services: Services, caller: Caller, channel: Channel, content: TemplateContent): Promise<Frozen> {
  if (content.variants.length === 0) throw new ThroughlineError('TEMPLATE_INVALID', 'needs at least one variant', { path: ['variants'] })
  if (!isStorableJson(content.variables ?? [])) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path: ['variables'] })
  for (const [index, variant] of content.variants.entries()) {
    const path = ['variants', String(index)]
    const variantChannel = variant.channel ?? channel
    if (!CHANNELS.includes(variantChannel))
      throw new ThroughlineError('INVALID_INPUT', `must be one of ${CHANNELS.join(', ')}`, { path: [...path, 'channel'] })
    if (content.variants.findIndex((each) => each.locale === variant.locale && (each.channel ?? channel) === variantChannel) !== index)
      throw new ThroughlineError('TEMPLATE_INVALID', 'is there twice', { path: [...path, 'locale'] })
    if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(variant.locale))
      throw new ThroughlineError('TEMPLATE_INVALID', 'is not a BCP 47 language tag', { path: [...path, 'locale'] })
    conform(CONTENT[variantChannel].shape as unknown as Shape<JsonObject>, variant.content, [...path, 'content'])
  }
  if (variantsFor(content.variants, channel, channel).length === 0)
    throw new ThroughlineError('TEMPLATE_INVALID', `needs at least one variant for ${channel}, which is its own channel`, { path: ['variants'] })
  const named = await partialsNamed(services, channel, content)
  const frozen = named.length === 0 ? NOTHING_FROZEN : await inWorkspaceEm(services.orm, caller.workspaceId, (em) => freeze(em, named))
  await inspectVariants(services, channel, content.variants, frozen)
  return frozen
}

/** Throws TEMPLATE_INVALID with the path under `variants` of what is wrong. */
export async function inspectVariants(
  { renderer }: Services,
  channel: Channel,
  variants: readonly TemplateVariant[],
  { texts }: Pick<Frozen, 'texts'>,
): Promise<void> {
  for (const [index, { content, channel: named }] of variants.entries()) {
    const fault = await renderer.inspect(named ?? channel, { content, partials: texts ?? undefined })
    if (fault !== null) throw new ThroughlineError('TEMPLATE_INVALID', fault.message, { path: ['variants', String(index), 'content', ...fault.path] })
  }
}

/** The partials that its texts name, each with the first that does. */
export async function partialsNamed({ renderer }: Services, channel: Channel, { variants }: Pick<TemplateContent, 'variants'>): Promise<Named[]> {
  const texts = variants.flatMap(({ content, channel: named }, index) =>
    templateTexts(named ?? channel, content)
      .filter((each) => each.text.includes('render'))
      .map(({ path, text }) => ({ path: ['variants', String(index), 'content', ...path], text })),
  )
  if (texts.length === 0) return []
  const named = new Map<string, Named>()
  for (const [index, { names }] of (await renderer.uses(texts.map((each) => each.text))).entries())
    for (const name of names) if (!named.has(name)) named.set(name, { name, path: texts[index]?.path ?? [] })
  return [...named.values()]
}

async function checkFiles({ config }: Services, em: EntityManager, channel: Channel, content: TemplateContent): Promise<void> {
  for (const [index, variant] of content.variants.entries())
    if ((variant.channel ?? channel) === 'email')
      await checkAttachments(em, config.privateHosts, variant.content, ['variants', String(index), 'content'])
}

export async function createTemplate(
  services: Services,
  caller: Caller,
  input: TemplateContent & { name: string; channel: Channel; idempotencyKey?: string | null | undefined },
): Promise<string> {
  const name = nameOf(input.name, 'name')
  if (!CHANNELS.includes(input.channel)) throw new ThroughlineError('INVALID_INPUT', `must be one of ${CHANNELS.join(', ')}`, { path: ['channel'] })
  const frozen = await checkContent(services, caller, input.channel, input)
  return once(services, caller, 'createTemplate', input.idempotencyKey, input, async (em) => {
    await checkFiles(services, em, input.channel, input)
    await holdFrozen(em, frozen)
    const id = newId()
    const now = new Date()
    const channels = channelsToKeep(input.channel, input)
    em.create(TemplateTable, {
      id,
      workspaceId: caller.workspaceId,
      name,
      channel: input.channel,
      channels,
      version: 1,
      createdAt: now,
      updatedAt: now,
    })
    await flushUnique(em, 'name', NAME_TAKEN)
    em.create(TemplateVersionTable, versionOf(id, 1, caller.workspaceId, input, frozen))
    await em.flush()
    return id
  })
}

/** null where they are its own alone, as of most. */
function channelsToKeep(own: Channel, { variants }: TemplateContent): Channel[] | null {
  const channels = channelsOf(variants, own)
  return channels.length === 1 ? null : channels
}

export function versionOf(templateId: string, number: number, workspaceId: string, content: TemplateContent, { texts }: Pick<Frozen, 'texts'>) {
  return {
    templateId,
    number,
    workspaceId,
    variants: content.variants.map(({ channel, ...rest }) => (channel == null ? rest : { ...rest, channel })),
    variables: content.variables ?? [],
    partials: texts,
    whenUnknown: content.whenUnknown ?? ('HOLD' as const),
    createdAt: new Date(),
  }
}

/** A new immutable version; messages already rendered keep theirs. */
export async function updateTemplate(
  services: Services,
  caller: Caller,
  input: TemplateContent & { id: string; name?: string | null | undefined },
): Promise<string> {
  const known = await requireTemplate(services, caller, input.id, 'id')
  const { channel } = known.template
  const lost = (known.template.channels ?? []).find((each) => variantsFor(input.variants, channel, each).length === 0)
  if (lost !== undefined)
    throw new ThroughlineError('TEMPLATE_INVALID', `must keep a variant for ${lost}, which messages may be waiting for`, { path: ['variants'] })
  // Before the lock: inspecting takes as long as the content likes, a second each at most.
  const frozen = await checkContent(services, caller, channel, input)
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const template = await em.findOneOrFail(TemplateTable, { id: input.id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    await checkFiles(services, em, template.channel, input)
    await holdFrozen(em, frozen)
    if (input.name != null) template.name = nameOf(input.name, 'name')
    template.channels = channelsToKeep(channel, input)
    template.version += 1
    template.updatedAt = new Date()
    em.create(TemplateVersionTable, versionOf(template.id, template.version, caller.workspaceId, input, frozen))
    await flushUnique(em, 'name', NAME_TAKEN)
    return template.id
  })
}

export async function templatesByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, TemplateWithVersion>> {
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const found = await withVersions(em, await em.find(TemplateTable, { id: { $in: ids.filter(isId) } }))
    return new Map(found.map((each) => [each.template.id, each]))
  })
}

/** Templates with their current versions, in their order; one query, and no version read but those. */
export async function withVersions(em: EntityManager, templates: readonly TemplateRow[]): Promise<TemplateWithVersion[]> {
  const current = templates.map((each) => ({ templateId: each.id, number: each.version }))
  const rows = current.length === 0 ? [] : await em.find(TemplateVersionTable, { $or: current })
  const versions = new Map(rows.map((row) => [row.templateId, row]))
  return templates.flatMap((template) => {
    const version = versions.get(template.id)
    return version === undefined ? [] : [{ template, version }]
  })
}

/** The template with its current version. Throws NOT_FOUND at `field`, where the caller named it. */
export async function requireTemplate(services: Services, caller: Caller, id: string, field: 'id' | 'templateId'): Promise<TemplateWithVersion> {
  const found = (await templatesByIds(services, caller, [id])).get(id)
  if (found === undefined) throw new ThroughlineError('NOT_FOUND', 'There is no such template.', { path: [field] })
  return found
}

/** One template's versions, newest first; `before` and `since` are their numbers. */
export async function listTemplateVersions(services: Services, caller: Caller, input: Slice & { templateId: string }): Promise<TemplateVersionRow[]> {
  const { templateId, first, before, since = null, oldestFirst = false } = input
  const number = { ...(before === null ? {} : { $lt: Number(before) }), ...(since === null ? {} : { $gt: Number(since) }) }
  const options = { orderBy: { number: oldestFirst ? ('asc' as const) : ('desc' as const) }, limit: first }
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TemplateVersionTable, { templateId, number }, options))
}

/** Newest first. */
export async function listTemplates(
  services: Services,
  caller: Caller,
  input: Slice & { channel: Channel | null; search?: string | null },
): Promise<TemplateRow[]> {
  const { channel, search = null } = input
  const name = search === null ? undefined : containing(search)
  if (name === null) return []
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(
      TemplateTable,
      {
        ...(channel === null ? {} : { $or: [{ channel }, { channels: { $contains: [channel] } }] }),
        ...(name === undefined ? {} : { name }),
        ...idsWithin(input),
      },
      orderOf(input),
    ),
  )
}
