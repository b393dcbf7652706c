import { defineEntity, p } from '@mikro-orm/core'

export const ContactAliasTable = defineEntity({
  name: 'ContactAlias',
  tableName: 'contact_alias',
  properties: {
    lane: p.integer().primary(),
    workspaceId: p.uuid().primary(),
    reference: p.string().primary(),
    contactId: p.uuid(),
    createdAt: p.datetime(),
  },
})
