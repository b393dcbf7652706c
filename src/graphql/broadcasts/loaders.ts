import DataLoader from 'dataloader'
import { broadcastsByIds, type Progress, progressOf } from '../../services/broadcasts.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { Broadcast } from './types.ts'

const BROADCASTS = Symbol('broadcasts')
const PROGRESS = Symbol('broadcast progress')

export function broadcastLoader(context: ApiContext): DataLoader<string, Broadcast | null> {
  return loaderOf(
    context,
    BROADCASTS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await broadcastsByIds(services, caller, ids)
        return ids.map((id) => {
          const row = found.get(id)
          return row === undefined ? null : new Broadcast(row)
        })
      }),
  )
}

export function progressLoader(context: ApiContext): DataLoader<string, Progress> {
  return loaderOf(
    context,
    PROGRESS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await progressOf(services, caller, ids)
        return ids.map((id) => found.get(id) ?? {})
      }),
  )
}
