import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { bytes, madeAt } from './columns.ts'

export const WorkspaceEntity = defineEntity({
  name: 'Workspace',
  tableName: 'workspace',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    timeZone: p.text(),
    /** The wrapped key ring: see vault.ts. */
    dataKey: bytes(),
    createdAt: madeAt(),
  },
})
export type WorkspaceRow = InferEntity<typeof WorkspaceEntity>
