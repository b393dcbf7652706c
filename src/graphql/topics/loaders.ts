import DataLoader from 'dataloader'
import { listTopics } from '../../services/topics.ts'
import { type ApiContext, loaderOf } from '../context.ts'
import { Topic } from './types.ts'

const TOPICS = Symbol('topics')

/** Topics by id; null for one that is not there. A workspace has few, so all are read at once. */
export function topicLoader(context: ApiContext): DataLoader<string, Topic | null> {
  return loaderOf(
    context,
    TOPICS,
    (services, caller) =>
      new DataLoader(async (ids: readonly string[]) => {
        const found = new Map((await listTopics(services, caller)).map((row) => [row.id, row]))
        return ids.map((id) => {
          const row = found.get(id)
          return row === undefined ? null : new Topic(row)
        })
      }),
  )
}
