import { IN_APP_CHANNEL } from '../store/queries/in-app.ts'
import { BROADCAST_CHANNEL, REVOKED_CHANNEL } from '../store/queries/notify.ts'
import { CHANGE_CHANNEL, type Changes, decodeChanges, EVERYBODY, tagOf } from './changes.ts'
import { listen } from './listener.ts'

export type ChangeKind = 'enrollments' | 'messages' | 'journeys' | 'inApp' | 'broadcasts' | 'contacts'

/** What changed since the last time, each id once. */
export interface Change {
  ids: string[]
  /** How many changes, at least, were dropped because they came faster than they were taken, or while the connection was away. */
  missed: number
}

export interface Hub {
  /** Resolves once the process listens. */
  ready: Promise<void>
  /**
   * Changes of one kind in one workspace, from now on; for `inApp` in what one contact is shown, and the id is the contact's; for
   * `broadcasts` of one. Those of `also` come among them. For `contacts` of what is recorded of one, named by `contactName`, perhaps
   * of another. Ends when the consumer stops or the hub closes.
   */
  watch(whose: string, kind: ChangeKind, also?: { whose: string; kind: ChangeKind }): AsyncIterableIterator<Change>
  /** Tells of API keys that are revoked, from now on; null where some may have been without being heard of. Answers how to stop. */
  watchKeys(tell: (keyId: string | null) => void): () => void
  close(): Promise<void>
}

/** Ids a subscriber may leave waiting; beyond it the oldest are dropped. */
const MOST_WAITING = 1_000
/** What one read of a subscriber takes: objects are read again in batches of this size. */
const BATCH = 100

/** How a contact of a workspace is named to `watch`, for `contacts`. */
export const contactName = (workspaceId: string, contactId: string): string => `${workspaceId}.${tagOf(contactId)}`

interface Watcher {
  push(ids: readonly string[], missed: number): void
  end(): void
}

/**
 * Spreads what one listening connection hears among this process's subscribers. Ids only: whoever subscribed
 * reads the objects, as itself. A change of something still waiting to be read adds nothing, since the read
 * will see it.
 */
export function openHub({ databaseUrl, onError }: { databaseUrl: string; onError: (error: Error) => void }): Hub {
  const watchers = new Map<string, Set<Watcher>>()
  const keyWatchers = new Set<(keyId: string | null) => void>()
  const tell = (whose: string, kind: ChangeKind, ids: readonly string[], missed: number) => {
    for (const watcher of watchers.get(`${whose}/${kind}`) ?? []) watcher.push(ids, missed)
  }
  const spread = (changes: Changes) => {
    tell(changes.workspaceId, 'messages', changes.messages, changes.truncated ? 1 : 0)
    tell(changes.workspaceId, 'enrollments', changes.enrollments, changes.truncated ? 1 : 0)
    tell(changes.workspaceId, 'journeys', changes.journeys, 0)
    for (const tag of changes.contacts ?? []) {
      const names = tag === EVERYBODY ? [...watchers.keys()] : [`${changes.workspaceId}.${tag}/contacts`]
      for (const name of names) if (name.startsWith(`${changes.workspaceId}.`)) for (const each of watchers.get(name) ?? []) each.push([tag], 0)
    }
  }
  const listener = listen(
    databaseUrl,
    {
      [CHANGE_CHANNEL](payload) {
        const changes = decodeChanges(payload)
        if (changes !== null) spread(changes)
      },
      [IN_APP_CHANNEL](contactIds) {
        for (const id of contactIds.split(',')) tell(id, 'inApp', [id], 0)
      },
      [BROADCAST_CHANNEL](id) {
        tell(id, 'broadcasts', [id], 0)
      },
      [REVOKED_CHANNEL](keyId) {
        for (const tell of keyWatchers) tell(keyId)
      },
    },
    {
      name: 'throughline changes',
      onError,
      onReconnect() {
        for (const set of watchers.values()) for (const watcher of set) watcher.push([], 1)
        for (const tell of keyWatchers) tell(null)
      },
    },
  )
  return {
    ready: listener.ready,
    watch(whose, kind, also) {
      const names = [{ whose, kind }, ...(also === undefined ? [] : [also])].map((each) => `${each.whose}/${each.kind}`)
      const { watcher, iterator } = createWatcher(() => {
        for (const name of names) {
          watchers.get(name)?.delete(watcher)
          if (watchers.get(name)?.size === 0) watchers.delete(name)
        }
      })
      for (const name of names) watchers.set(name, (watchers.get(name) ?? new Set()).add(watcher))
      return iterator
    },
    watchKeys(tell) {
      keyWatchers.add(tell)
      return () => keyWatchers.delete(tell)
    },
    async close() {
      for (const set of [...watchers.values()]) for (const watcher of [...set]) watcher.end()
      await listener.close()
    },
  }
}

/** A bounded queue that is an iterator. `onEnd` runs once, whoever ends it. */
export function createWatcher(onEnd: () => void): { watcher: Watcher; iterator: AsyncIterableIterator<Change> } {
  const waiting = new Set<string>()
  let missed = 0
  let ended = false
  let wake: (() => void) | null = null
  const end = () => {
    if (ended) return
    ended = true
    onEnd()
    wake?.()
  }
  const watcher: Watcher = {
    push(ids, lost) {
      missed += lost
      for (const id of ids) {
        if (waiting.has(id)) continue
        waiting.add(id)
        if (waiting.size <= MOST_WAITING) continue
        const [oldest] = waiting
        waiting.delete(oldest ?? '')
        missed++
      }
      if (waiting.size > 0 || missed > 0) wake?.()
    },
    end,
  }
  const iterator: AsyncIterableIterator<Change> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      while (!ended && waiting.size === 0 && missed === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      wake = null
      if (ended) return { done: true, value: undefined }
      const ids = [...waiting].slice(0, BATCH)
      for (const id of ids) waiting.delete(id)
      const change = { ids, missed }
      missed = 0
      return { done: false, value: change }
    },
    async return() {
      end()
      return { done: true, value: undefined }
    },
  }
  return { watcher, iterator }
}
