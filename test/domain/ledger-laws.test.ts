import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHANNELS } from '../../src/domain/channel.ts'
import type { DeliveryStatus, SendOutcome } from '../../src/domain/delivery.ts'
import {
  applyCallback,
  applyHeld,
  applyResult,
  applyTimer,
  COLLAPSES,
  type LedgerChange,
  type LedgerEntry,
  RECONCILE_AFTER,
  type StatusReport,
} from '../../src/domain/ledger.ts'
import { AMBIGUOUS, entry, NOW, OK, PERMANENT, RETRY, report } from '../support/ledger.ts'

/** Where a status may go; out of PLANNED and DEFERRED only the dispatch leads to DISPATCHING, which is not the ledger's. */
const MAY_BECOME: Record<DeliveryStatus, readonly DeliveryStatus[]> = {
  PLANNED: ['DEFERRED', 'SUPPRESSED', 'UNKNOWN', 'SENT', 'FAILED', 'BOUNCED', 'DELIVERED'],
  DEFERRED: ['PLANNED', 'SUPPRESSED', 'UNKNOWN', 'SENT', 'FAILED', 'BOUNCED', 'DELIVERED'],
  DISPATCHING: ['DEFERRED', 'UNKNOWN', 'SENT', 'FAILED', 'BOUNCED', 'DELIVERED'],
  UNKNOWN: ['PLANNED', 'DEFERRED', 'SENT', 'FAILED', 'BOUNCED', 'DELIVERED'],
  SENT: ['UNKNOWN', 'FAILED', 'BOUNCED', 'DELIVERED'],
  CANCELLED: ['FAILED', 'BOUNCED', 'DELIVERED'],
  SUPPRESSED: ['FAILED', 'BOUNCED', 'DELIVERED'],
  FAILED: ['BOUNCED', 'DELIVERED'],
  BOUNCED: ['DELIVERED'],
  DELIVERED: [],
}

/** One life of a message: what it may meet, in any order, as often as it likes. `lost`: the worker died, and nobody knows. */
const TRUTHS = ['ok', 'retry', 'permanent', 'taken unanswered', 'untaken unanswered'] as const
const REPORTS = ['PROCESSED', 'SENT', 'DEFERRED', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'FAILED', 'COMPLAINED', 'UNSUBSCRIBED'] as const
/** Weighted towards what leads to a second hand-over, which is where laws break. */
const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('dispatch' as const), truth: fc.constantFrom(...TRUTHS, 'taken unanswered' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('result' as const), of: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('lost' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('callback' as const), status: fc.constantFrom(...REPORTS), human: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('timer' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('held' as const), paused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('refused' as const) }) },
)
const OUTCOMES: Record<(typeof TRUTHS)[number], SendOutcome> = {
  ok: OK,
  retry: RETRY,
  permanent: PERMANENT,
  'taken unanswered': AMBIGUOUS,
  'untaken unanswered': AMBIGUOUS,
}

interface Life {
  entry: LedgerEntry
  taken: number
  changes: LedgerChange[]
  proven: boolean
}

function live(start: LedgerEntry, moves: readonly (typeof move extends fc.Arbitrary<infer M> ? M : never)[]): Life {
  const attempts: (typeof TRUTHS)[number][] = []
  const life: Life = { entry: start, taken: 0, changes: [], proven: false }
  const fold = (change: LedgerChange) => {
    if (change.entry.status !== life.entry.status) expect(MAY_BECOME[life.entry.status]).toContain(change.entry.status)
    life.entry = change.entry
    life.changes.push(change)
  }
  for (const [index, each] of moves.entries()) {
    const now = NOW + index * RECONCILE_AFTER
    switch (each.type) {
      case 'dispatch':
        if (life.entry.status !== 'PLANNED') break
        expect(life.proven).toBe(false)
        attempts.push(each.truth)
        life.entry = { ...life.entry, status: 'DISPATCHING', attempt: life.entry.attempt + 1 }
        if (each.truth === 'ok' || each.truth === 'taken unanswered') life.taken++
        break
      case 'result': {
        const truth = attempts[each.of]
        if (truth === undefined) break
        if (truth === 'ok' && each.of + 1 === life.entry.attempt) life.proven = true
        fold(applyResult(life.entry, each.of + 1, OUTCOMES[truth], now, now))
        break
      }
      case 'lost':
        fold(applyResult(life.entry, life.entry.attempt, AMBIGUOUS, now, now))
        break
      case 'callback':
        if (life.taken === 0) break
        if (each.status !== 'DEFERRED' && each.status !== 'COMPLAINED' && each.status !== 'UNSUBSCRIBED') life.proven = true
        fold(applyCallback(life.entry, report(each.status, { human: each.human, at: now })))
        break
      case 'timer':
        fold(applyTimer(life.entry, now))
        break
      case 'held':
        fold(applyHeld(life.entry, 'journey_paused', each.paused, now))
        // Thawed by the resumption.
        if (life.entry.status === 'DEFERRED' && life.entry.dueAt === null) life.entry = { ...life.entry, dueAt: now }
        break
      case 'refused':
        fold(applyHeld(life.entry, 'expired', false, now))
        break
    }
  }
  return life
}

describe('laws of any life', () => {
  const start = fc.record({ channel: fc.constantFrom(...CHANNELS), whenUnknown: fc.constantFrom('HOLD' as const, 'RESEND' as const) })
  const moves = fc.array(move, { maxLength: 40, size: 'max' })

  test('never backwards; never handed over again once anything has shown that it was taken; never twice unless flagged unknown', () => {
    const reached = { twice: 0, unknown: 0 }
    fc.assert(
      fc.property(start, moves, (of, happens) => {
        const { taken, changes } = live(entry({ ...of, status: 'PLANNED', attempt: 0, plannedAt: NOW }), happens)
        const lines = changes.flatMap(({ history }) => (history === null ? [] : [history.status]))
        const most = COLLAPSES.has(of.channel) ? 4 : of.whenUnknown === 'RESEND' ? 2 : 1
        expect(taken).toBeLessThanOrEqual(most)
        // An unknown may be cleared by a sender that comes back to life; before what is sent again, one stands.
        const flags = lines.filter((line) => line === 'UNKNOWN' || line === 'RESEND')
        if (taken > 1) expect(flags[flags.indexOf('RESEND') - 1]).toBe('UNKNOWN')
        expect(lines.filter((line) => line === 'RESEND').length).toBeLessThanOrEqual(COLLAPSES.has(of.channel) ? 3 : 1)
        for (const { send, entry: next } of changes) expect(send).toBe(send && next.status === 'PLANNED' && next.dueAt === null)
        if (taken > 1) reached.twice++
        if (lines.includes('UNKNOWN')) reached.unknown++
      }),
      { numRuns: 1000 },
    )
    // The moves are worth something only if they lead there.
    expect(reached.twice).toBeGreaterThan(20)
    expect(reached.unknown).toBeGreaterThan(200)
  })

  test('every number is counted once, and what is told of the message is told once', () => {
    fc.assert(
      fc.property(start, moves, (of, happens) => {
        const { changes } = live(entry({ ...of, status: 'PLANNED', attempt: 0, plannedAt: NOW }), happens)
        const counted = changes.flatMap(({ counts }) => counts).filter((each) => !['unknown', 'complained', 'unsubscribed'].includes(each))
        expect(counted).toEqual([...new Set(counted)])
        const heard = changes.flatMap(({ signal }) => (signal === null ? [] : [`${signal.signal} ${signal.human}`]))
        const once = heard.filter((each) => !each.startsWith('UNKNOWN') && !each.startsWith('FAILED'))
        expect(once).toEqual([...new Set(once)])
      }),
      { numRuns: 1000 },
    )
  })
})

describe('statuses one to five times, shuffled, around our own commit (R11)', () => {
  const heard = (statuses: readonly StatusReport['status'][]) =>
    fc.subarray([...statuses]).chain((chosen) => {
      const lines = chosen.map((status) =>
        fc.record({ status: fc.constant(status), human: fc.boolean(), at: fc.integer({ min: NOW - 60, max: NOW + 60 }) }),
      )
      return fc.tuple(...lines)
    })
  const order = fc.infiniteStream(fc.nat(1000))
  type Told = StatusReport | 'our own'

  const fold = (told: readonly Told[]) => {
    let folded = entry()
    const counts: string[] = []
    let identity: LedgerChange['identity'] = null
    for (const each of told) {
      const change =
        each === 'our own'
          ? applyResult(folded, 1, OK, NOW, NOW)
          : applyCallback(folded, each.status === 'BOUNCED' ? { ...each, identity: 'BOUNCED' } : each)
      folded = change.entry
      counts.push(...change.counts)
      identity = change.identity ?? identity
    }
    return { entry: folded, identity, counts: counts.sort() }
  }
  const shuffle = (told: readonly Told[], by: Iterator<number>): Told[] =>
    told
      .flatMap((each) => Array.from({ length: 1 + (by.next().value % 5) }, () => ({ each, at: by.next().value as number })))
      .sort((a, b) => a.at - b.at)
      .map(({ each }) => each)

  test('make the same entry, and mark the same address, whatever was said', () => {
    fc.assert(
      fc.property(heard(['PROCESSED', 'DEFERRED', 'DELIVERED', 'OPENED', 'CLICKED', 'BOUNCED', 'FAILED']), order, (reports, by) => {
        const { counts: _, ...inOrder } = fold(['our own', ...reports])
        expect(fold(shuffle(['our own', ...reports], by))).toMatchObject(inOrder)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    [['PROCESSED', 'DEFERRED', 'DELIVERED', 'OPENED', 'CLICKED']],
    [['SENT', 'DEFERRED', 'FAILED']],
    [['PROCESSED', 'DEFERRED', 'BOUNCED']],
  ] as const)('count the same once: %j', (statuses) => {
    fc.assert(
      fc.property(heard(statuses), order, (reports, by) => {
        expect(fold(shuffle(['our own', ...reports], by))).toEqual(fold(['our own', ...reports]))
      }),
    )
  })
})
