/** What makes requests that rows in a table ask for, each row claimed for a while by one worker at a time. */
export interface Runner {
  /** There may be something to do. */
  wake(): void
  /** Claims nothing more; resolves when what is under way is over and stored. */
  stop(): Promise<void>
  readonly inFlight: number
}

export interface RunnerOptions<Row, Result> {
  /** Requests at a time. */
  sockets: number
  /** Longest time between two looks, for what nobody was woken for. Milliseconds. */
  pollEvery: number
  /** Takes at most so many rows; `full` where there may be more. */
  claim(most: number): Promise<{ rows: readonly Row[]; full: boolean }>
  /** Makes the request. What it throws leaves the row to whoever claims it next. */
  perform(row: Row): Promise<Result>
  /** Stores what requests came to, those that came in meanwhile together; answers in how many milliseconds the soonest of them is to be made again. */
  settle(done: readonly { row: Row; result: Result }[]): Promise<number | null>
  onError(error: unknown): void
  /** Once all is over: closes what the requests were made with. */
  close(): Promise<void>
}

const LONGEST_BACK_OFF = 5_000
/** How often a worker that is stopping tries to store what came of its requests; after that their claims run out and they are made again. */
const LAST_TRIES = 6

/** Keeps the sockets busy while there is something to do, and asks no more often than it must while there is not. */
export function startRunner<Row, Result>(options: RunnerOptions<Row, Result>): Runner {
  let free = options.sockets
  let claiming = false
  let again = true
  let stopped = false
  let failures = 0
  let timer: NodeJS.Timeout | null = null
  let timerAt = Number.POSITIVE_INFINITY
  const done: { row: Row; result: Result }[] = []
  let settling = false
  const waiting: (() => void)[] = []

  const lookIn = (delay: number) => {
    const at = Date.now() + delay
    if (stopped || at >= timerAt) return
    if (timer !== null) clearTimeout(timer)
    timerAt = at
    timer = setTimeout(() => {
      timerAt = Number.POSITIVE_INFINITY
      wake()
    }, delay)
  }
  const rest = () => {
    if (stopped && !claiming && free === options.sockets && done.length === 0 && !settling) for (const resolve of waiting.splice(0)) resolve()
  }
  const wake = () => {
    again = true
    pump()
  }
  const pump = () => {
    if (stopped || claiming || !again || free === 0) return rest()
    claiming = true
    again = false
    options
      .claim(free)
      .then(({ rows, full }) => {
        failures = 0
        again ||= full
        free -= rows.length
        for (const row of rows) void carry(row)
        lookIn(options.pollEvery)
      })
      .catch((error: unknown) => {
        options.onError(error)
        lookIn(Math.min(LONGEST_BACK_OFF, 100 * 2 ** failures++))
      })
      .finally(() => {
        claiming = false
        pump()
      })
  }
  const carry = async (row: Row) => {
    try {
      done.push({ row, result: await options.perform(row) })
    } catch (error) {
      options.onError(error)
    }
    free++
    void settle()
    pump()
  }
  const settle = async () => {
    if (settling) return
    settling = true
    let tries = 0
    for (let pause = 50; done.length > 0; ) {
      const batch = done.splice(0, 500)
      try {
        const next = await options.settle(batch)
        if (next !== null) lookIn(Math.max(1, Math.ceil(next)))
        pause = 50
      } catch (error) {
        options.onError(error)
        if (stopped && ++tries >= LAST_TRIES) break
        done.unshift(...batch)
        await new Promise((resolve) => setTimeout(resolve, pause))
        pause = Math.min(LONGEST_BACK_OFF, pause * 2)
      }
    }
    settling = false
    rest()
  }
  pump()
  return {
    wake,
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        rest()
      })
      await options.close()
    },
    get inFlight() {
      return options.sockets - free
    },
  }
}
