import { Agent, type buildConnector, type Dispatcher } from 'undici'
import { ThroughlineError } from '../errors.ts'

/**
 * What one HTTP request came to, told by what may have happened at the other side:
 * - answer: status, headers and the whole body arrived.
 * - unsent: no byte of it left this machine (DNS, refused, TLS, no free socket in time): certainly nothing happened.
 * - unanswered: it was written, and no complete answer came back: it may have been acted on.
 */
export type Exchange =
  | { type: 'answer'; status: number; headers: Record<string, string>; body: string }
  | { type: 'unsent'; code: string; message: string }
  | { type: 'unanswered'; code: string; message: string }

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** Milliseconds, where it is not the transport's own. */
  timeout?: number
  /** How the answer's bytes become its body: latin1 keeps each as a character of its own. utf8 where left out. */
  encoding?: 'utf8' | 'latin1'
}

export interface Transport {
  /** Exactly one request, never repeated, never redirected; never throws. */
  exchange(request: HttpRequest): Promise<Exchange>
  close(): Promise<void>
}

export interface TransportOptions {
  /** Milliseconds for everything: waiting for a socket, connecting, sending, the last byte of the answer. */
  timeout?: number
  /** Open sockets per host. The worker bounds its sends, so this is a backstop. */
  connections?: number
  /** Bytes of answer taken; a provider's answers are a few kilobytes. */
  maxBytes?: number
  /** Opens the sockets: address-guard.ts for URLs that are not a provider's own. */
  connect?: buildConnector.connector
}

/** Carries an exchange that is no success through an SDK, which passes rejections of its HTTP client on untouched. */
export class ExchangeError extends ThroughlineError {
  readonly exchange: Exchange

  constructor(exchange: Exchange) {
    super('UNAVAILABLE', exchange.type === 'answer' ? `The provider answered ${exchange.status}.` : exchange.message)
    this.exchange = exchange
  }
}

/**
 * The transport under every provider SDK. Theirs (axios, Node's https) were left out for three reasons: they retry
 * by themselves, they cannot say whether a failed request was written, and they cost more than three times the CPU (145 against 40 µs a mail).
 * undici tells the moment a request gets its socket (`onRequestStart`); before it nothing was sent, after it anything
 * may have been. It never repeats a POST, and pipelining stays at 1, as one reset would put a whole pipeline in doubt.
 */
export function openTransport(options: TransportOptions = {}): Transport {
  const { timeout = 10_000, connections = 64, maxBytes = 1_048_576 } = options
  const agent = new Agent({
    connections,
    pipelining: 1,
    // One deadline for the whole exchange stands below: undici's own are per phase, so a slow drip would pass them for ever.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: options.connect ?? { timeout: Math.min(timeout, 5_000) },
    // Shorter than what providers and load balancers keep (60 s): a request on a socket they are closing would be in doubt.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 50_000,
    maxHeaderSize: 32_768,
  })

  function exchange(request: HttpRequest): Promise<Exchange> {
    return new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | null = null
      let settled = false
      let status = 0
      let headers: Record<string, string> = {}
      let size = 0
      const chunks: Buffer[] = []

      const settle = (result: Exchange): void => {
        if (settled) return
        settled = true
        clearTimeout(deadline)
        resolve(result)
      }
      const fail = (code: string, message: string): void => {
        settle({ type: controller === null ? 'unsent' : 'unanswered', code, message })
      }
      const deadline = setTimeout(() => {
        fail('TIMEOUT', `No complete answer within ${request.timeout ?? timeout} ms.`)
        controller?.abort(new ThroughlineError('UNAVAILABLE', 'timed out'))
      }, request.timeout ?? timeout)

      try {
        const target = new URL(request.url)
        agent.dispatch(
          {
            origin: target.origin,
            path: target.pathname + target.search,
            method: request.method,
            headers: request.headers,
            body: request.body ?? null,
          },
          {
            onRequestStart(given) {
              // Its time ran out while it queued for a socket and was reported as unsent: it must not be written now.
              if (settled) given.abort(new ThroughlineError('UNAVAILABLE', 'timed out'))
              else controller = given
            },
            onResponseStart(_controller, code, received) {
              status = code
              headers = flatten(received)
            },
            onResponseData(given, chunk) {
              size += chunk.length
              if (size <= maxBytes) {
                chunks.push(chunk)
              } else {
                fail('ANSWER_TOO_LARGE', `The answer is larger than ${maxBytes} bytes.`)
                given.abort(new ThroughlineError('UNAVAILABLE', 'too large'))
              }
            },
            onResponseEnd() {
              settle({ type: 'answer', status, headers, body: Buffer.concat(chunks).toString(request.encoding ?? 'utf8') })
            },
            onResponseError(_controller, error) {
              fail(codeOf(error), error.message)
            },
          },
        )
      } catch (error) {
        fail(codeOf(error), error instanceof Error ? error.message : 'The request could not be made.')
      }
    })
  }

  return { exchange, close: () => agent.destroy() }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'NETWORK'
}
