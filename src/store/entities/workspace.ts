import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const WorkspaceTable = defineEntity({
  name: 'Workspace',
  tableName: 'workspace',
  properties: {
    id: p.uuid().primary(),
    name: p.string(),
    timeZone: p.string(),
    dataKey: p.blob(),
    createdAt: p.datetime(),
  },
})

export type WorkspaceRow = InferEntity<typeof WorkspaceTable>
