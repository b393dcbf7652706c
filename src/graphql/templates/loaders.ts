import DataLoader from 'dataloader'
import { type TemplateWithVersion, templatesByIds } from '../../services/templates.ts'
import { type ApiContext, loaderOf } from '../context.ts'

const TEMPLATES = Symbol('templates')

/** Templates with their current version, by id; null for one that is not there. */
export function templateLoader(context: ApiContext): DataLoader<string, TemplateWithVersion | null> {
  return loaderOf(
    context,
    TEMPLATES,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await templatesByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}
