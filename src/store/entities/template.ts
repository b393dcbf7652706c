import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel } from '../../domain/channel.ts'

export const TemplateTable = defineEntity({
  name: 'Template',
  tableName: 'template',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    channel: p.string().$type<Channel>(),
    /** All that its current version has variants for; null where that is its own alone. */
    channels: p.array().$type<Channel[]>().nullable(),
    version: p.integer(),
    archivedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type TemplateRow = InferEntity<typeof TemplateTable>
