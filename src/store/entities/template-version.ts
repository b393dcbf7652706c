import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { TemplateVariable, TemplateVariant, WhenUnknown } from '../../domain/template.ts'
import { madeAt } from './columns.ts'

export const TemplateVersionEntity = defineEntity({
  name: 'TemplateVersion',
  tableName: 'template_version',
  properties: {
    templateId: p.uuid().primary(),
    number: p.integer().primary(),
    workspaceId: p.uuid(),
    variants: p.json().$type<TemplateVariant[]>(),
    variables: p.json().$type<TemplateVariable[]>(),
    whenUnknown: p.text().$type<WhenUnknown>(),
    createdAt: madeAt(),
  },
})
export type TemplateVersionRow = InferEntity<typeof TemplateVersionEntity>
