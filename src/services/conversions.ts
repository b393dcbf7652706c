import { isLanedId, laneOf } from '../domain/ids.ts'
import { type ConversionRow, ConversionTable } from '../store/entities/conversion.ts'
import { inWorkspaceEm } from '../store/orm.ts'
import type { Caller, Services } from './context.ts'

/** Goals reached, by id. */
export async function conversionsByIds(services: Services, caller: Caller, ids: readonly string[]): Promise<Map<string, ConversionRow>> {
  const sound = ids.filter((id) => isLanedId(id, services.lanes))
  const rows = await inWorkspaceEm(services.orm, caller.workspaceId, (em) =>
    em.find(ConversionTable, { lane: { $in: [...new Set(sound.map(laneOf))] }, id: { $in: sound } }),
  )
  return new Map(rows.map((row) => [row.id, row]))
}
