import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { TemplateSlots, TemplateStatus } from '../../domain/whatsapp-template.ts'

export const WhatsappTemplateTable = defineEntity({
  name: 'WhatsappTemplate',
  tableName: 'whatsapp_template',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    connectionId: p.uuid(),
    providerId: p.string(),
    name: p.string(),
    language: p.string(),
    category: p.string().nullable(),
    status: p.string().$type<TemplateStatus>(),
    reason: p.string().nullable(),
    components: p.json<unknown>(),
    slots: p.json<TemplateSlots>(),
    reviewedAt: p.datetime().nullable(),
    syncedAt: p.datetime(),
  },
})

export type WhatsappTemplateRow = InferEntity<typeof WhatsappTemplateTable>
