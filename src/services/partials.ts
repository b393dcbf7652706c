import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { ThroughlineError } from '../errors.ts'
import { type TemplatePartialRow, TemplatePartialTable } from '../store/entities/template-partial.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'
import { isId } from './input.ts'
import { idsWithin, orderOf, type Slice } from './slice.ts'

/** The partials a content renders, directly or by another, as they are now. */
export interface Frozen {
  /** Texts by name; null where there are none. */
  texts: Record<string, string> | null
  versions: { id: string; version: number }[]
}
export const NOTHING_FROZEN: Frozen = { texts: null, versions: [] }

/** A partial within a partial within a partial, and so on. */
const DEEPEST = 5
const MOST = 100

export interface Named {
  name: string
  path: readonly string[]
}

/**
 * What these names stand for, with all they render in turn, in one query a level. `instead` is a partial as it is about to be. Throws
 * TEMPLATE_INVALID, at the path that came with the name, for one that is not there and for partials that lead back to themselves or too deep.
 */
export async function freeze(em: EntityManager, named: readonly Named[], instead?: TemplatePartialRow): Promise<Frozen> {
  if (named.length === 0) return NOTHING_FROZEN
  const found = new Map<string, TemplatePartialRow>()
  if (instead !== undefined) found.set(instead.name, instead)
  let level = named
  for (let depth = 1; level.length > 0; depth++) {
    const [first] = level
    if (first === undefined) break
    // What leads back to itself is as deep as one likes, so this finds it, too.
    if (depth > DEEPEST) throw invalid(first.path, `«${first.name}» is rendered by partials in partials more than ${DEEPEST} deep, or by itself`)
    const names = level.map((each) => each.name).filter((name) => !found.has(name))
    for (const row of names.length === 0 ? [] : await em.find(TemplatePartialTable, { name: { $in: names } })) found.set(row.name, row)
    if (found.size > MOST) throw invalid(first.path, `more than ${MOST} partials are rendered`)
    const next = new Map<string, Named>()
    for (const { name, path } of level) {
      const row = found.get(name)
      if (row === undefined) throw invalid(path, `There is no partial «${name}».`)
      for (const each of row.uses) next.set(each, { name: each, path })
    }
    level = [...next.values()]
  }
  const rows = [...found.values()]
  return {
    texts: Object.fromEntries(rows.map((row) => [row.name, row.text])),
    versions: rows.filter((row) => row !== instead).map(({ id, version }) => ({ id, version })),
  }
}

const invalid = (path: readonly string[], message: string) => new ThroughlineError('TEMPLATE_INVALID', message, { path })

/** Holds what was frozen until the transaction ends. Throws CONFLICT where any of it has changed, or gone, since. */
export async function holdFrozen(em: EntityManager, { versions }: Frozen): Promise<void> {
  if (versions.length === 0) return
  // In the order of their ids, as whoever changes several would take them.
  const where = { id: { $in: versions.map((each) => each.id) } }
  const rows = await em.find(TemplatePartialTable, where, { lockMode: LockMode.PESSIMISTIC_READ, orderBy: { id: 'asc' } })
  const same = versions.every(({ id, version }) => rows.some((row) => row.id === id && row.version === version))
  if (!same) throw new ThroughlineError('CONFLICT', 'A partial has changed meanwhile; try again.')
}

export async function partialsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, TemplatePartialRow>> {
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TemplatePartialTable, { id: { $in: ids.filter(isId) } }))
  return new Map(rows.map((row) => [row.id, row]))
}

/** Newest first. */
export async function listPartials(services: Services, caller: Caller, input: Slice): Promise<TemplatePartialRow[]> {
  return inWorkspaceEm(services.orm, caller.workspaceId, (em) => em.find(TemplatePartialTable, idsWithin(input), orderOf(input)))
}
