import { defineEntity, p } from '@mikro-orm/core'

export const WorkspaceSecretTable = defineEntity({
  name: 'WorkspaceSecret',
  tableName: 'workspace_secret',
  properties: {
    workspaceId: p.uuid().primary(),
    name: p.string().primary(),
    value: p.blob(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})
