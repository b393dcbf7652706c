import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const AttachmentTable = defineEntity({
  name: 'Attachment',
  tableName: 'attachment',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    contentType: p.string(),
    size: p.integer(),
    content: p.blob(),
    createdAt: p.datetime(),
  },
})

export type AttachmentRow = InferEntity<typeof AttachmentTable>
