import { Agent } from 'undici'

export interface Letter {
  headers: Record<string, string>
  body: string
}

export interface Postman {
  later(millis: number, act: () => void): void
  /** Delivers, repeating on failure; `write` is called for every attempt, so that each is signed with its own time. */
  post(url: string, write: () => Letter): void
  /** When nothing is under way or planned. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface PostmanOptions {
  /** How often a callback is tried: with pauses doubling from 0.25 to 5 s, 30 last over two minutes, a restart of the API. */
  attempts?: number
  /** Open sockets to whoever is called back. */
  connections?: number
}

/** Callbacks on their way from the providers. */
export function openPostman({ attempts = 30, connections = 16 }: PostmanOptions = {}): Postman {
  const agent = new Agent({ connections, pipelining: 1, headersTimeout: 15_000, bodyTimeout: 15_000 })
  const timers = new Set<NodeJS.Timeout>()
  let underWay = 0
  let closed = false
  let waiting: (() => void)[] = []

  const done = (): void => {
    underWay -= 1
    if (underWay > 0) return
    for (const tell of waiting) tell()
    waiting = []
  }

  function later(millis: number, act: () => void): void {
    if (closed) return
    underWay += 1
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
      done()
    }, millis)
    timers.add(timer)
  }

  async function attempt(url: URL, write: () => Letter, number: number): Promise<void> {
    const { headers, body } = write()
    const delivered = await agent
      .request({ origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body })
      .then(async (response) => {
        await response.body.dump()
        return response.statusCode >= 200 && response.statusCode < 300
      })
      .catch(() => false)
    if (delivered || closed || number >= attempts) return
    later(Math.min(250 * 2 ** (number - 1), 5_000), () => {
      start(url, write, number + 1)
    })
  }

  function start(url: URL, write: () => Letter, number: number): void {
    underWay += 1
    void attempt(url, write, number).finally(done)
  }

  return {
    later,
    post(url, write) {
      if (!closed && URL.canParse(url)) start(new URL(url), write, 1)
    },
    settled: () =>
      underWay === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
    async close() {
      closed = true
      underWay -= timers.size
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await agent.destroy()
      for (const tell of waiting) tell()
    },
  }
}
