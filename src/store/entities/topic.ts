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
  },
})

export type TopicRow = InferEntity<typeof TopicTable>
