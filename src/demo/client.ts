import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { ThroughlineError } from '../errors.ts'

/** A small GraphQL client over both doors: what an integrator would write. */
export interface DemoClient {
  /** Runs an operation; throws where the API answered errors or the payload has userErrors. */
  run<T>(query: string, variables?: Record<string, unknown>): Promise<T>
  /** Calls `next` for each value of a subscription until `close`; reconnects by itself. */
  subscribe<T>(query: string, variables: Record<string, unknown>, next: (value: T) => void): void
  close(): Promise<void>
}

interface Answer<T> {
  data?: T | null
  errors?: { message: string }[]
}

export function openDemoClient(url: string, key: string): DemoClient {
  const socket = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${key}` },
    retryAttempts: 100,
    shouldRetry: () => true,
  })
  const stops: (() => void)[] = []
  return {
    async run<T>(query: string, variables: Record<string, unknown> = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, variables }),
      })
      const answer = (await response.json()) as Answer<T>
      if (answer.errors || !answer.data) throw new ThroughlineError('INTERNAL', answer.errors?.map((each) => each.message).join('; ') ?? 'no data')
      for (const payload of Object.values(answer.data)) {
        const { userErrors } = (payload ?? {}) as { userErrors?: { message: string; path: string[] | null }[] }
        if (userErrors?.[0]) throw new ThroughlineError('INVALID_INPUT', `${userErrors[0].path?.join('.') ?? ''} ${userErrors[0].message}`)
      }
      return answer.data
    },
    subscribe<T>(query: string, variables: Record<string, unknown>, next: (value: T) => void) {
      const stop = socket.subscribe<T>(
        { query, variables },
        { next: (result) => result.data && next(result.data), error: () => {}, complete: () => {} },
      )
      stops.push(stop)
    },
    async close() {
      for (const stop of stops) stop()
      await socket.dispose()
    },
  }
}
