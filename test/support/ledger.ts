import type { SendOutcome } from '../../src/domain/delivery.ts'
import { applyResult, type LedgerEntry, type StatusReport } from '../../src/domain/ledger.ts'

export const NOW = 1_750_000_000_000
export const DAY = 86_400_000
export const MINUTE = 60_000

export const entry = (over: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id: 'm-1',
  channel: 'email',
  status: 'DISPATCHING',
  attempt: 1,
  dueAt: null,
  plannedAt: NOW - 1000,
  providerMessageId: null,
  failure: null,
  sentAt: null,
  deliveredAt: null,
  openedAt: null,
  clickedAt: null,
  repliedAt: null,
  machineOpenedAt: null,
  machineClickedAt: null,
  cost: null,
  whenUnknown: 'HOLD',
  ...over,
})
export const OK = { type: 'ok', providerMessageId: 'p-1', cost: 7 } as const
export const RETRY = { type: 'retry', code: '429', message: 'slow down' } as const
export const PERMANENT = { type: 'permanent', code: '21211', message: 'no number' } as const
export const AMBIGUOUS = { type: 'ambiguous', code: 'TIMEOUT', message: 'no answer' } as const
export const report = (status: StatusReport['status'], over: Partial<StatusReport> = {}): StatusReport => ({ status, human: true, at: NOW, ...over })
export const result = (from: LedgerEntry, outcome: SendOutcome, attempt = from.attempt) => applyResult(from, attempt, outcome, NOW - 5, NOW)
export const quiet = { history: null, signal: null, counts: [], identity: null, optOut: false, send: false }
