import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { madeAt } from './columns.ts'

export const TopicEntity = defineEntity({
  name: 'Topic',
  tableName: 'topic',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.text(),
    description: p.text().strictNullable(),
    createdAt: madeAt(),
  },
})
export type TopicRow = InferEntity<typeof TopicEntity>
