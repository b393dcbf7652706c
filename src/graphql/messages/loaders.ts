import DataLoader from 'dataloader'
import { messagesByIds, statusesOf } from '../../services/messages.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import type { MessageEntry, StatusEntry } from './types.ts'

const MESSAGES = Symbol('messages')
const STATUSES = Symbol('statuses')

/** null for one that is not there. */
export function messageLoader(context: ApiContext): DataLoader<string, MessageEntry | null> {
  return loaderOf(
    context,
    MESSAGES,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await messagesByIds(services, caller, ids)
        return ids.map((id) => found.get(id) ?? null)
      }),
  )
}

/** The history of messages, by message. */
export function statusLoader(context: ApiContext): DataLoader<string, StatusEntry[]> {
  return loaderOf(
    context,
    STATUSES,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await statusesOf(services, caller, ids)
        return ids.map((id) => found.get(id) ?? [])
      }),
  )
}
