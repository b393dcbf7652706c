import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const TopicTable = defineEntity({
  name: 'Topic',
  tableName: 'topic',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    description: p.string().nullable(),
    createdAt: p.datetime(),
    deletedAt: p.datetime().nullable(),
  },
})

export type TopicRow = InferEntity<typeof TopicTable>
