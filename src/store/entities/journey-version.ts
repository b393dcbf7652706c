import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Graph } from '../../domain/journey/graph.ts'
import { madeAt } from './columns.ts'

export const JourneyVersionEntity = defineEntity({
  name: 'JourneyVersion',
  tableName: 'journey_version',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    journeyId: p.uuid(),
    number: p.integer(),
    graph: p.json().$type<Graph>(),
    publishedAt: madeAt(),
  },
})
export type JourneyVersionRow = InferEntity<typeof JourneyVersionEntity>
