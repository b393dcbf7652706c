/** What a source read in one go. */
export interface Round<T> {
  values: readonly T[]
  /** How many changes, at least, it could not read because they came faster than it did. */
  missed: number
  /** Each value stands for all before it: a newcomer begins with the last one, and nobody is owed an older one. */
  standing?: boolean
}

export interface Heard<T> {
  value: T
  /** How many values, at least, this listener was not told of since the one before. */
  missed: number
}

/** One who listens to a source that others may listen to, as well. */
export interface Listener<T> extends AsyncIterableIterator<Heard<T>> {
  return(): Promise<IteratorReturnResult<undefined>>
  /** Ends it at once, whatever still waits; `next` rejects with `error`, then is done. */
  fail(error: unknown): void
}

type Opened<T, Refusal> = AsyncIterator<Round<T>> | Refusal

export interface Shares<T, Refusal> {
  /**
   * Listens to the source of this name. The first to come opens it, the last to leave closes it. What `open` answers
   * instead of a source is answered to all who came meanwhile.
   */
  join(name: string, open: () => Promise<Opened<T, Refusal>>): Promise<Listener<T> | Refusal>
}

const isSource = <T, Refusal extends object>(opened: Opened<T, Refusal>): opened is AsyncIterator<Round<T>> => 'next' in opened

/** Values one listener may leave waiting; beyond it the oldest are dropped, and it is told how many. */
const MOST_WAITING = 500
/** With this many waiting for every single listener the source is not read on: there, changes of one thing coalesce. */
const ENOUGH_WAITING = 100

interface Ear<T> {
  listener: Listener<T>
  waiting(): number
  push(round: Round<T>): void
  end(): void
}

interface Share<T, Refusal> {
  ears: Set<Ear<T>>
  /** The last standing value. */
  last: Round<T> | null
  opened: Promise<Opened<T, Refusal>>
  /** Lets a source go on that waits for a listener to have room. */
  room: () => void
}

/** Sources by name, each read once however many listen. The fastest listener sets the pace; none waits for another. */
export function openShares<T, Refusal extends object = never>(): Shares<T, Refusal> {
  const shares = new Map<string, Share<T, Refusal>>()
  const forget = (name: string, share: Share<T, Refusal>) => {
    if (shares.get(name) === share) shares.delete(name)
  }
  const pump = async (name: string, share: Share<T, Refusal>) => {
    const end = (each: (ear: Ear<T>) => void) => {
      forget(name, share)
      for (const ear of [...share.ears]) each(ear)
    }
    try {
      const source = await share.opened
      if (!isSource(source)) return end((ear) => ear.end())
      for (let read = await source.next(); !read.done; read = await source.next()) {
        if (read.value.standing) share.last = { ...read.value, values: read.value.values.slice(-1) }
        for (const ear of share.ears) ear.push(read.value)
        while (share.ears.size > 0 && [...share.ears].every((ear) => ear.waiting() >= ENOUGH_WAITING))
          await new Promise<void>((resolve) => {
            share.room = resolve
          })
      }
      end((ear) => ear.end())
    } catch (error) {
      end((ear) => ear.listener.fail(error))
    }
  }
  const leave = (name: string, share: Share<T, Refusal>, ear: Ear<T>) => {
    share.ears.delete(ear)
    share.room()
    if (share.ears.size > 0) return
    forget(name, share)
    share.opened.then((source) => (isSource(source) ? source.return?.() : undefined)).catch(() => {})
  }
  return {
    async join(name, open) {
      const known = shares.get(name)
      const share: Share<T, Refusal> = known ?? { ears: new Set(), last: null, opened: open(), room: () => {} }
      const ear: Ear<T> = createEar(
        () => leave(name, share, ear),
        () => share.room(),
      )
      share.ears.add(ear)
      share.room()
      if (known === undefined) {
        shares.set(name, share)
        void pump(name, share)
      } else if (share.last !== null) ear.push(share.last)
      const opened = await share.opened
      return isSource(opened) ? ear.listener : opened
    },
  }
}

/** A bounded queue that is an iterator. `onEnd` runs once, whoever ends it; `onTaken` after each value taken. */
function createEar<T>(onEnd: () => void, onTaken: () => void): Ear<T> {
  let waiting: Heard<T>[] = []
  let missed = 0
  let ended = false
  let fault: { error: unknown } | null = null
  let wake = () => {}
  const end = () => {
    if (ended) return
    ended = true
    onEnd()
    wake()
  }
  const listener: Listener<T> = {
    [Symbol.asyncIterator]: () => listener,
    async next() {
      while (!ended && waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      if (fault !== null) {
        const { error } = fault
        fault = null
        throw error
      }
      const heard = waiting.shift()
      if (heard === undefined) return { done: true, value: undefined }
      onTaken()
      return { done: false, value: heard }
    },
    async return() {
      waiting = []
      end()
      return { done: true, value: undefined }
    },
    fail(error) {
      if (ended) return
      waiting = []
      fault = { error }
      end()
    },
  }
  return {
    listener,
    waiting: () => waiting.length,
    push(round) {
      missed += round.missed
      for (const value of round.standing ? round.values.slice(-1) : round.values) {
        if (round.standing) waiting = []
        waiting.push({ value, missed })
        missed = 0
      }
      const dropped = waiting.splice(0, waiting.length - MOST_WAITING)
      const [first] = waiting
      if (first !== undefined) first.missed += dropped.reduce((sum, each) => sum + 1 + each.missed, 0)
      if (waiting.length > 0) wake()
    },
    end,
  }
}
