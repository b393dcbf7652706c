import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { Channel } from '../../domain/channel.ts'
import { changedAt, instant, madeAt } from './columns.ts'

export const TemplateEntity = defineEntity({
  name: 'Template',
  tableName: 'template',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.text(),
    channel: p.text().$type<Channel>(),
    /** The number of the newest version, the one that is sent. */
    version: p.integer(),
    archivedAt: instant().strictNullable(),
    createdAt: madeAt(),
    updatedAt: changedAt(),
  },
})
export type TemplateRow = InferEntity<typeof TemplateEntity>
