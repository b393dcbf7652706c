import { setTimeout as sleep } from 'node:timers/promises'

export interface Caller {
  /**
   * Runs one operation until it is answered, as a careful client does: connection errors and UNAVAILABLE are tried
   * again, with the same event ids and idempotency keys. Throws where the API refuses, or after a minute without an answer.
   */
  run<T>(query: string, variables?: Record<string, unknown>): Promise<T>
  /** Requests that had to be repeated, by what became of them. */
  repeated: Map<string, number>
}

const LONGEST = 60_000

interface Answer {
  data?: Record<string, { userErrors?: { message: string; path: string[] | null }[] } | null> | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

export function openCaller(url: string, key: string): Caller {
  const repeated: Caller['repeated'] = new Map()
  return {
    repeated,
    async run<T>(query: string, variables: Record<string, unknown> = {}) {
      const body = JSON.stringify({ query, variables })
      const until = Date.now() + LONGEST
      for (let pause = 25; ; pause = Math.min(500, pause * 2)) {
        const answer = await post(url, key, body)
        if (typeof answer === 'object') return sound(answer) as T
        repeated.set(answer, (repeated.get(answer) ?? 0) + 1)
        if (Date.now() > until) throw new Error(`no answer within ${LONGEST} ms: ${answer}`)
        await sleep(pause)
      }
    },
  }
}

/** The answer, or why the request has to be repeated. */
async function post(url: string, key: string, body: string): Promise<Answer | string> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${key}` },
      body,
      signal: AbortSignal.timeout(20_000),
    })
    const answer = (await response.json()) as Answer
    const code = answer.errors?.[0]?.extensions?.code
    return code === 'UNAVAILABLE' || code === 'INTERNAL' ? code : answer
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'silence' : 'connection'
  }
}

function sound(answer: Answer): unknown {
  if (answer.errors?.[0] || !answer.data) throw new Error(`the API answered: ${JSON.stringify(answer.errors ?? answer)}`)
  for (const payload of Object.values(answer.data)) {
    if (payload?.userErrors?.[0]) throw new Error(`the API refused: ${JSON.stringify(payload.userErrors)}`)
  }
  return answer.data
}
