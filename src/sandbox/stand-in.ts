import type { IncomingHttpHeaders } from 'node:http'
import type { SandboxProvider } from './accounts.ts'
import type { Answer } from './faults.ts'
import type { LogEntry } from './log.ts'
import type { Persona, Reaction } from './personas.ts'
import type { Postman } from './postman.ts'

export interface SandboxRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
  /** The body as it came: encrypted, it is no text. */
  bytes: Buffer
}

/** What a stand-in says to a send request. The server writes the entry into the log before it acts and answers. */
export interface Verdict {
  answer: Answer
  entry: Omit<LogEntry, 'seq' | 'at' | 'provider' | 'fault' | 'outcome' | 'status'>
  /** Keeps an accepted message, where the provider can be asked for it. Not called for one that a fault swallowed. */
  accept?: () => void
  /** Of an accepted message: lets its reader do something with it, now. Left out where nobody hears of it. */
  react?: (reaction: Reaction) => void
  /** What its reader does unasked. */
  plan?: readonly Reaction[]
}

/** One provider as the sandbox plays it. */
export interface StandIn {
  provider: SandboxProvider
  /** Whether faults, log and `send` are for this request. */
  isSend(method: string, path: string, body: string): boolean
  send(request: SandboxRequest): Verdict
  /** Any other endpoint of the provider; null where it is none of its. */
  other(request: SandboxRequest): Answer | null
}

/** What the stand-ins share. */
export interface World {
  postman: Postman
  persona(address: string): Persona
  /** Where an account's events and inbound messages go; undefined until somebody connects one. */
  callbackUrl(provider: SandboxProvider, account: string): string | undefined
  /** Unix milliseconds. */
  now(): number
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}
