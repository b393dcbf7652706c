import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { lane, madeAt } from './columns.ts'

/** A reference's row, in the lane the reference hashes to, which need not be the contact's. */
export const ContactAliasEntity = defineEntity({
  name: 'ContactAlias',
  tableName: 'contact_alias',
  properties: {
    lane: lane(),
    workspaceId: p.uuid().primary(),
    reference: p.text().primary(),
    contactId: p.uuid(),
    createdAt: madeAt(),
  },
})
export type ContactAliasRow = InferEntity<typeof ContactAliasEntity>
