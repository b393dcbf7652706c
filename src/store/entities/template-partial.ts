import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

export const TemplatePartialTable = defineEntity({
  name: 'TemplatePartial',
  tableName: 'template_partial',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.string(),
    text: p.text(),
    /** Names of the partials it renders itself. */
    uses: p.json().$type<string[]>(),
    version: p.integer(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
  },
})

export type TemplatePartialRow = InferEntity<typeof TemplatePartialTable>
