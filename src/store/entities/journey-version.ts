import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Graph } from '../../domain/journey/graph.ts'

export const JourneyVersionTable = defineEntity({
  name: 'JourneyVersion',
  tableName: 'journey_version',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    journeyId: p.uuid(),
    number: p.integer(),
    graph: p.json().$type<Graph>(),
    publishedAt: p.datetime(),
  },
})

export type JourneyVersionRow = InferEntity<typeof JourneyVersionTable>
