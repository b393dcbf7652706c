import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Graph, JourneyStatus } from '../../domain/journey/graph.ts'

export const JourneyTable = defineEntity({
  name: 'Journey',
  tableName: 'journey',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    description: p.string().nullable(),
    status: p.string().$type<JourneyStatus>(),
    draft: p.json().$type<Graph>().nullable(),
    liveVersionId: p.uuid().nullable(),
    pausedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type JourneyRow = InferEntity<typeof JourneyTable>
