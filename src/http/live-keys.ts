import { ThroughlineError } from '../errors.ts'
import type { Hub } from '../realtime/hub.ts'

/** Keys expire without anybody saying so; milliseconds from then to the end of what streams under one, at most. */
const LOOK_EVERY = 30_000

/** What can be ended before its time. */
interface Live {
  fail(error: unknown): void
}

export interface LiveKeys {
  /** Fails with UNAUTHENTICATED once the key is revoked or has expired. */
  guard(keyId: string | null, authorization: string, live: Live): () => void
  /** Asks of every key under which something runs whether it still holds. */
  lookAgain(): Promise<void>
  close(): void
}

/** What runs under which key. `authenticate` throws UNAUTHENTICATED where a key no longer holds; it may fail otherwise, which ends nothing. */
export function openLiveKeys(hub: Pick<Hub, 'watchKeys'>, authenticate: (authorization: string) => Promise<unknown>): LiveKeys {
  const running = new Set<{ keyId: string | null; authorization: string; live: Live }>()
  const end = (which: (each: { keyId: string | null; authorization: string }) => boolean) => {
    for (const each of [...running]) {
      if (!which(each)) continue
      running.delete(each)
      each.live.fail(new ThroughlineError('UNAUTHENTICATED'))
    }
  }
  const lookAgain = async () => {
    for (const authorization of new Set([...running].map((each) => each.authorization))) {
      try {
        await authenticate(authorization)
      } catch (error) {
        if (error instanceof ThroughlineError && error.code === 'UNAUTHENTICATED') end((each) => each.authorization === authorization)
      }
    }
  }
  const stop = hub.watchKeys((keyId) => {
    if (keyId === null) void lookAgain()
    else end((each) => each.keyId === keyId)
  })
  const timer = setInterval(() => void lookAgain(), LOOK_EVERY)
  return {
    guard(keyId, authorization, live) {
      const each = { keyId, authorization, live }
      running.add(each)
      return () => running.delete(each)
    },
    lookAgain,
    close() {
      clearInterval(timer)
      stop()
    },
  }
}
