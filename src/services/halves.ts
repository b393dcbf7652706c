import type { EntityManager } from '@mikro-orm/postgresql'
import { laneOf } from '../domain/ids.ts'
import { ContactTable } from '../store/entities/contact.ts'

/** Where a contact's rows stand: under its own id, and under those of who was merged into it, whose rows never move. */
export interface Halves {
  lane: { $in: number[] }
  contactId: { $in: string[] }
}

/** Among a query's conditions, whichever half is named. A contact that is not there has no rows either. */
export async function halvesOf(em: EntityManager, contactId: string): Promise<Halves> {
  const find = (id: string) => em.findOne(ContactTable, { lane: laneOf(id), id })
  const named = await find(contactId)
  const whole = named?.mergedInto == null ? named : await find(named.mergedInto)
  const ids = whole === null ? [contactId] : [whole.id, ...whole.linked]
  return { lane: { $in: [...new Set(ids.map(laneOf))] }, contactId: { $in: ids } }
}
