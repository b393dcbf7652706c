import { closeSync, openSync, writeSync } from 'node:fs'
import type { JsonObject } from '../domain/json.ts'
import type { SandboxProvider } from './accounts.ts'

/** One request that came to a send endpoint, and what the stand-in did with it. */
export interface LogEntry {
  /** From 1, in the order of arrival. */
  seq: number
  /** Unix milliseconds. */
  at: number
  provider: SandboxProvider
  /** API key's public part, account SID or project. */
  account: string | null
  /** accepted: the person gets it. refused: answered with an error. lost: a fault struck before it was looked at. */
  outcome: 'accepted' | 'refused' | 'lost'
  /** The status decided on; with a fault, not always the one that got through. */
  status: number
  fault?: string
  code?: string
  /** Our id, where the request carried it. */
  messageId: string | null
  providerMessageId: string | null
  to: string | null
  subject?: string
  /** A mail's HTML, cut at 4,000 characters; the text of the others. */
  text?: string
  /** What a page's service worker was given of a web push, decrypted. */
  payload?: JsonObject
  /** Where the picture, film or document of a WhatsApp message lies. */
  media?: string
  /** Headers a mail asks for, List-Unsubscribe among them; of a web push TTL, Urgency and Topic. */
  headers?: Record<string, string>
  /** A mail's files, their bytes counted. */
  attachments?: readonly { name: string; contentType: string; size: number; contentId?: string }[]
}

export interface SandboxLog {
  append(entry: Omit<LogEntry, 'seq' | 'at'>): LogEntry
  /** The most recent entries in order, from sequence number `since` on. */
  entries(since?: number): readonly LogEntry[]
  counts(): Record<LogEntry['outcome'], number>
  close(): void
}

export interface LogOptions {
  /** Entries kept in memory; the file keeps all. */
  keep?: number
  /** JSON lines, appended to. Written before the answer leaves, so that whoever was told «accepted» stands in it. */
  file?: string
}

/**
 * What the providers were asked, append-only: the oracle that tests and chaos runs count by. A line is written
 * synchronously (2 µs): a buffer would lose its tail to the kill that the run is about.
 */
export function openLog({ keep = 20_000, file }: LogOptions = {}): SandboxLog {
  const descriptor = file === undefined ? null : openSync(file, 'a')
  let entries: LogEntry[] = []
  let seq = 0
  const counts = { accepted: 0, refused: 0, lost: 0 }
  return {
    append(given) {
      seq += 1
      const entry: LogEntry = { seq, at: Date.now(), ...given }
      counts[entry.outcome] += 1
      entries.push(entry)
      // In halves, so that the copying costs nothing per entry.
      if (entries.length > keep * 2) entries = entries.slice(-keep)
      if (descriptor !== null) writeSync(descriptor, `${JSON.stringify(entry)}\n`)
      return entry
    },
    entries: (since = 1) => entries.filter((entry) => entry.seq >= since),
    counts: () => ({ ...counts }),
    close() {
      if (descriptor !== null) closeSync(descriptor)
    },
  }
}
