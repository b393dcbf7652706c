import { defineEntity, p } from '@mikro-orm/core'

export const NodeStatTable = defineEntity({
  name: 'NodeStat',
  tableName: 'node_stats',
  properties: {
    lane: p.integer().primary(),
    versionId: p.uuid().primary(),
    node: p.string().primary(),
    metric: p.string().primary(),
    hour: p.datetime().primary(),
    workspaceId: p.uuid(),
    journeyId: p.uuid(),
    n: p.bigint('number'),
    amount: p.decimal(),
  },
})
