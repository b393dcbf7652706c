import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import type { WhenUnknown } from '../../domain/ledger.ts'
import type { TemplateVariable, TemplateVariant } from '../../domain/template.ts'

export const TemplateVersionTable = defineEntity({
  name: 'TemplateVersion',
  tableName: 'template_version',
  properties: {
    templateId: p.uuid().primary(),
    number: p.integer().primary(),
    workspaceId: p.uuid(),
    variants: p.json().$type<TemplateVariant[]>(),
    variables: p.json().$type<TemplateVariable[]>(),
    /** Texts by name of every partial it renders, as they were when it was saved; null where it renders none. */
    partials: p.json().$type<Record<string, string>>().nullable(),
    whenUnknown: p.string().$type<WhenUnknown>(),
    createdAt: p.datetime(),
  },
})

export type TemplateVersionRow = InferEntity<typeof TemplateVersionTable>
