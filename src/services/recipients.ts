import { FIRST_ID, isLanedId, laneOfReference } from '../domain/ids.ts'
import { ThroughlineError } from '../errors.ts'
import type { Client } from '../store/ask.ts'
import { knownOf } from '../store/queries/broadcast.ts'
import { type ContactReference, referenceOf } from './contacts.ts'
import type { Caller, Services } from './context.ts'

export const MOST_RECIPIENTS = 10_000
/** Of those who are not there, so many are named. */
const MOST_NAMED = 100

/**
 * The ids of a list's contacts, merges followed, each once, in their order. Throws INVALID_INPUT or NOT_FOUND, each of
 * those at fault with its own path under `contacts`, where any is malformed or not there: a list with mistakes reaches nobody.
 */
export async function recipientsOf(
  client: Client,
  { lanes }: Services,
  { workspaceId }: Caller,
  contacts: readonly ContactReference[],
): Promise<string[]> {
  if (contacts.length === 0 || contacts.length > MOST_RECIPIENTS)
    throw new ThroughlineError('INVALID_INPUT', `must have 1 to ${MOST_RECIPIENTS.toLocaleString('en')} contacts`, { path: ['contacts'] })
  const list = contacts.map((contact, index) => {
    const reference = referenceAt(contact, index)
    // What is no contact's id finds nobody, and is told of with all others.
    if (reference === null) return { id: isLanedId(contact.id ?? '', lanes) ? (contact.id ?? '') : FIRST_ID }
    return { lane: laneOfReference(workspaceId, reference, lanes), reference }
  })
  const known = await knownOf(client, workspaceId, list)
  if (known.length < list.length) {
    const found = new Set(known.map((each) => each.n))
    const missing = list.flatMap((_, index) => (found.has(index) ? [] : [index])).slice(0, MOST_NAMED)
    const problems = missing.map((index) => ({ message: 'There is no such contact.', path: ['contacts', String(index)] }))
    throw new ThroughlineError('NOT_FOUND', 'There is no such contact.', { path: ['contacts'], data: { problems } })
  }
  return [...new Set(known.map((each) => each.id))].sort()
}

function referenceAt(contact: ContactReference, index: number): ReturnType<typeof referenceOf> {
  try {
    return referenceOf(contact)
  } catch (error) {
    throw error instanceof ThroughlineError
      ? new ThroughlineError(error.code, error.message, { path: ['contacts', String(index), ...(error.path ?? []).slice(1)] })
      : error
  }
}
