import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { isStorable, UNSTORABLE } from '../domain/json.ts'
import { ThroughlineError } from '../errors.ts'
import { TemplateTable } from '../store/entities/template.ts'
import { type TemplatePartialRow, TemplatePartialTable } from '../store/entities/template-partial.ts'
import { TemplateVersionTable } from '../store/entities/template-version.ts'
import { newId } from '../store/new-id.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { once } from './idempotency.ts'
import { isId } from './input.ts'
import { type Frozen, freeze, holdFrozen } from './partials.ts'
import { inspectVariants, partialsNamed, type TemplateWithVersion, versionOf, withVersions } from './templates.ts'
import { flushUnique, oneAtATime } from './transaction.ts'

const NAME = /^[a-z][a-z0-9_-]{0,63}$/
const LONGEST = 100_000
/** Templates that one change of a partial may give a next version: each is looked at again. */
const MOST_TEMPLATES = 500

/** The partials a text names, once it is known to be a template. */
async function usesOfText({ renderer }: Services, text: string): Promise<string[]> {
  if (text.length > LONGEST) throw new ThroughlineError('INVALID_INPUT', `must have at most ${LONGEST} characters`, { path: ['text'] })
  if (!isStorable(text)) throw new ThroughlineError('INVALID_INPUT', UNSTORABLE, { path: ['text'] })
  const [uses] = await renderer.uses([text])
  if (uses === undefined || uses.fault !== null) throw new ThroughlineError('TEMPLATE_INVALID', uses?.fault ?? undefined, { path: ['text'] })
  return uses.names
}

const named = (names: readonly string[]) => names.map((name) => ({ name, path: ['text'] }))

export async function createPartial(
  services: Services,
  caller: Caller,
  input: { name: string; text: string; idempotencyKey?: string | null | undefined },
): Promise<string> {
  const { name, text } = input
  if (!NAME.test(name))
    throw new ThroughlineError('INVALID_INPUT', 'must be 1 to 64 lower-case letters, digits, _ and -, a letter first', { path: ['name'] })
  const uses = await usesOfText(services, text)
  return once(services, caller, 'createPartial', input.idempotencyKey, input, async (em) => {
    await holdFrozen(em, await freeze(em, named(uses)))
    const now = new Date()
    const made = { id: newId(), workspaceId: caller.workspaceId, name, text, uses, version: 1, createdAt: now, updatedAt: now }
    em.create(TemplatePartialTable, made)
    await flushUnique(em, 'name', 'Another partial has this name.')
    return made.id
  })
}

/** Gives a partial another text and, where asked, every template that renders it a next version with it. All or nothing. */
export async function updatePartial(
  services: Services,
  caller: Caller,
  input: { id: string; text: string; updateTemplates: boolean },
): Promise<string> {
  const uses = await usesOfText(services, input.text)
  const { partial, users } = await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const found = await partialOf(em, input.id)
    const changed = { ...found, text: input.text, uses } as TemplatePartialRow
    await freeze(em, named([found.name]), changed)
    return { partial: changed, users: input.updateTemplates ? await templatesWith(em, found.name) : [] }
  })
  if (users.length > MOST_TEMPLATES)
    throw new ThroughlineError('LIMIT_EXCEEDED', `More than ${MOST_TEMPLATES} templates render it; update them one by one.`, {
      path: ['updateTemplates'],
    })
  const next: { user: TemplateWithVersion; frozen: Frozen }[] = []
  for (const user of users) {
    const names = await partialsNamed(services, user.template.channel, user.version)
    const frozen = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => freeze(em, names, partial))
    await inspectVariants(services, user.template.channel, user.version.variants, frozen).catch((error: unknown) => {
      throw error instanceof ThroughlineError && error.code === 'TEMPLATE_INVALID'
        ? new ThroughlineError(error.code, `Template «${user.template.name}», ${error.path?.join('.')}: ${error.message}`, { path: ['text'] })
        : error
    })
    next.push({ user, frozen })
  }
  return inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    // One at a time: two that freeze each other's partials would wait for each other.
    await oneAtATime(em, `partials ${caller.workspaceId}`)
    const held = await em.findOne(TemplatePartialTable, { id: partial.id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (held === null || held.version !== partial.version) throw new ThroughlineError('CONFLICT', 'The partial has changed meanwhile; try again.')
    Object.assign(held, { text: partial.text, uses, version: held.version + 1, updatedAt: new Date() })
    for (const { user, frozen } of next) {
      await holdFrozen(em, frozen)
      const template = await em.findOneOrFail(TemplateTable, { id: user.template.id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
      if (template.version !== user.version.number)
        throw new ThroughlineError('CONFLICT', `Template «${template.name}» has changed meanwhile; try again.`)
      template.version += 1
      template.updatedAt = new Date()
      em.create(TemplateVersionTable, versionOf(template.id, template.version, caller.workspaceId, user.version, frozen))
    }
    await em.flush()
    return held.id
  })
}

/** Throws CONFLICT while another partial, or the current version of a template, renders it. */
export async function deletePartial(services: Services, caller: Caller, id: string): Promise<void> {
  await inWorkspaceEm(services.orm, caller.workspaceId, async (em) => {
    const partial = await partialOf(em, id, true)
    const [user] = await templatesWith(em, partial.name)
    if (user !== undefined) throw new ThroughlineError('CONFLICT', `Template «${user.template.name}» renders it.`, { path: ['id'] })
    const others = await em.find(TemplatePartialTable, { id: { $ne: partial.id } }, { fields: ['name', 'uses'] })
    const other = others.find((each) => each.uses.includes(partial.name))
    if (other !== undefined) throw new ThroughlineError('CONFLICT', `Partial «${other.name}» renders it.`, { path: ['id'] })
    em.remove(partial)
    await em.flush()
  })
}

async function partialOf(em: EntityManager, id: string, lock = false): Promise<TemplatePartialRow> {
  const row = isId(id) ? await em.findOne(TemplatePartialTable, { id }, lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {}) : null
  if (row === null) throw new ThroughlineError('NOT_FOUND', 'There is no such partial.', { path: ['id'] })
  return row
}

/** Templates whose current version renders the partial, itself or by another. */
async function templatesWith(em: EntityManager, name: string): Promise<TemplateWithVersion[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select t.id from template t join template_version v on v.template_id = t.id and v.number = t.version
     where t.archived_at is null and jsonb_exists(v.partials, ?) order by t.id`,
    [name],
  )
  return withVersions(em, await em.find(TemplateTable, { id: { $in: rows.map((row) => row.id) } }, { orderBy: { id: 'asc' } }))
}
