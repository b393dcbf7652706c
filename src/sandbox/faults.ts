import type { ServerResponse } from 'node:http'
import { hashFraction } from '../domain/hash.ts'
import type { SandboxProvider } from './accounts.ts'

/**
 * What goes wrong with a send request:
 * - status: answered with `status` (and Retry-After in seconds); not accepted, unless `accept` says so.
 * - reset-before, reset-after: the connection is reset before, or after, the message was accepted.
 * - hang: never answered; not accepted, unless `accept` says so.
 * - drip: accepted, and the answer's body comes a byte every 20 ms, for ever.
 * - half-body: accepted, and the connection ends in the middle of the answer's body.
 */
export const FAULT_KINDS = ['status', 'reset-before', 'reset-after', 'hang', 'drip', 'half-body'] as const
export type FaultStage = 'connect' | 'login' | 'recipient'
export interface Fault {
  kind: (typeof FAULT_KINDS)[number]
  /** All, where it is left out. */
  provider?: SandboxProvider
  /** SMTP only: what is struck instead of the mail. */
  stage?: FaultStage
  status?: number
  retryAfter?: number | string
  /** What a status says, as JSON: the provider's own words. A proxy's plain text, where it is left out. */
  body?: object
  accept?: boolean
  /** How many requests it strikes; for ever, where it is left out. */
  times?: number
  /** The share of requests it strikes, by a seeded choice; all, where it is left out. */
  rate?: number
}

export interface Faults {
  add(fault: Fault): void
  clear(provider?: SandboxProvider): void
  /** The fault that strikes this request, if any; uses up one of its `times`. */
  draw(provider: SandboxProvider, stage?: FaultStage): Fault | null
}

export function openFaults(seed: string): Faults {
  let active: { fault: Fault; left: number }[] = []
  let drawn = 0
  return {
    add(fault) {
      active.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
    },
    clear(provider) {
      active = provider === undefined ? [] : active.filter(({ fault }) => fault.provider !== undefined && fault.provider !== provider)
    },
    draw(provider, stage) {
      if (active.length === 0) return null
      drawn += 1
      for (const rule of active) {
        if (rule.fault.provider !== undefined && rule.fault.provider !== provider) continue
        if (rule.fault.stage !== stage) continue
        if (rule.fault.rate !== undefined && hashFraction(seed, 'fault', String(drawn)) >= rule.fault.rate) continue
        rule.left -= 1
        if (rule.left <= 0) active = active.filter((each) => each !== rule)
        return rule.fault
      }
      return null
    },
  }
}

/** Whether a request struck by this fault is looked at and acted on all the same. */
export function isActedOn(fault: Fault): boolean {
  return fault.accept ?? (fault.kind === 'reset-after' || fault.kind === 'drip' || fault.kind === 'half-body')
}

export interface Answer {
  status: number
  headers?: Record<string, string>
  body: string
}

/** Answers as the fault has it; `answer` is what would have been said without. */
export function answerWithFault(response: ServerResponse, fault: Fault, answer: Answer): void {
  const socket = response.socket
  switch (fault.kind) {
    case 'status': {
      const headers: Record<string, string> = { 'content-type': fault.body ? 'application/json' : 'text/plain' }
      if (fault.retryAfter !== undefined) headers['retry-after'] = String(fault.retryAfter)
      response.writeHead(fault.status ?? 503, headers).end(fault.body ? JSON.stringify(fault.body) : 'Service unavailable')
      return
    }
    case 'reset-before':
    case 'reset-after':
      socket?.resetAndDestroy()
      return
    case 'hang':
      return
    case 'drip': {
      response.writeHead(answer.status, { ...answer.headers, 'content-length': '1000000' })
      response.write('{')
      const timer = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(timer))
      return
    }
    case 'half-body': {
      // An empty body has no half: its length is a lie then.
      const bytes = Buffer.from(answer.body || '{}')
      response.writeHead(answer.status, { ...answer.headers, 'content-length': String(bytes.length) })
      response.write(bytes.subarray(0, bytes.length >> 1), () => socket?.destroy())
    }
  }
}
