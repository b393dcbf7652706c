import type { Condition } from '../../domain/condition/condition.ts'
import { findContacts } from '../../services/contact-search.ts'
import type { Caller } from '../../services/context.ts'
import { type Page, type PageArgs, pageOf, toCursor } from '../connection.ts'
import type { ApiContext } from '../context.ts'
import { inward } from '../journeys/mapping.ts'
import type { ContactFilter } from './inputs.ts'
import { Contact } from './types.ts'

/** A page of those a filter holds for, which goes on where looking ended, whoever was found. */
export async function filteredContacts({ services }: ApiContext, caller: Caller, args: PageArgs, filter: ContactFilter): Promise<Page<Contact>> {
  const matching = filter.matching == null ? null : (inward(filter.matching as object) as unknown as Condition)
  let stoppedAt: string | null = null
  const page = await pageOf(
    args,
    async (slice) => {
      const found = await findContacts(services, caller, { address: filter.address, matching }, slice)
      stoppedAt = found.stoppedAt
      return found.rows
    },
    (row) => row.id,
    (row) => new Contact(row),
  )
  if (stoppedAt === null) return page
  const { pageInfo } = page
  return args.last == null
    ? { ...page, pageInfo: { ...pageInfo, hasNextPage: true, endCursor: toCursor(stoppedAt) } }
    : { ...page, pageInfo: { ...pageInfo, hasPreviousPage: true, startCursor: toCursor(stoppedAt) } }
}
