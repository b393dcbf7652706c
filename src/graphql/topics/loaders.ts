import DataLoader from 'dataloader'
import { topicsByIds } from '../../services/topics.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { Topic } from './types.ts'

const TOPICS = Symbol('topics')

/** Topics by id, deleted ones included; null for one that is not there. */
export function topicLoader(context: ApiContext): DataLoader<string, Topic | null> {
  return loaderOf(
    context,
    TOPICS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = await topicsByIds(services, caller, ids)
        return ids.map((id) => {
          const row = found.get(id)
          return row === undefined ? null : new Topic(row)
        })
      }),
  )
}
