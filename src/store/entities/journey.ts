import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Graph } from '../../domain/journey/graph.ts'
import { changedAt, instant, madeAt } from './columns.ts'

export type JourneyStatus = 'DRAFT' | 'LIVE' | 'PAUSED' | 'ARCHIVED'

export const JourneyEntity = defineEntity({
  name: 'Journey',
  tableName: 'journey',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.text(),
    description: p.text().strictNullable(),
    status: p.text().$type<JourneyStatus>(),
    draft: p.json().$type<Graph>().strictNullable(),
    liveVersionId: p.uuid().strictNullable(),
    pausedAt: instant().strictNullable(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
})
export type JourneyRow = InferEntity<typeof JourneyEntity>
