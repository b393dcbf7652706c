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
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('callback' as const), status: fc.constantFrom(...REPORTS), human: fc.boolean(), named: fc.boolean() }),
  },
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
      case 'callback': {
        const of = attempts.findIndex((truth) => truth === 'ok' || truth === 'taken unanswered') + 1
        if (of === 0) break
        const attempt = each.named ? of : undefined
        const isEarlier = attempt !== undefined && attempt < life.entry.attempt && (each.status === 'FAILED' || each.status === 'BOUNCED')
        if (!isEarlier && each.status !== 'DEFERRED' && each.status !== 'COMPLAINED' && each.status !== 'UNSUBSCRIBED') life.proven = true
        fold(applyCallback(life.entry, report(each.status, { human: each.human, at: now, attempt })))
        break
      }
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
        // A sender that comes back to life and was turned away clears the doubt: what follows is another one.
        const resends = lines
          .join()
          .split('RETRY')
          .map((some) => some.split('RESEND').length - 1)
        expect(Math.max(...resends)).toBeLessThanOrEqual(COLLAPSES.has(of.channel) ? 3 : 1)
        for (const { send, entry: next } of changes) expect(send).toBe(send && next.status === 'PLANNED' && next.dueAt === null)
        if (taken > 1) reached.twice++
        if (lines.includes('UNKNOWN')) reached.unknown++
      }),
      { numRuns: 1000 },
    )
    // The moves are worth something only if they lead there.
    expect(reached.twice).toBeGreaterThan(10)
    expect(reached.unknown).toBeGreaterThan(200)
  })

  test('what is counted is what became of the message, and what is told of it is told once', () => {
    fc.assert(
      fc.property(start, moves, (of, happens) => {
        const { changes, entry: last } = live(entry({ ...of, status: 'PLANNED', attempt: 0, plannedAt: NOW }), happens)
        const sums = new Map<string, number>()
        for (const { counts, takenBack = [] } of changes) {
          for (const each of counts) sums.set(each, (sums.get(each) ?? 0) + 1)
          for (const each of takenBack) sums.set(each, (sums.get(each) ?? 0) - 1)
        }
        for (const often of ['unknown', 'complained', 'unsubscribed']) sums.delete(often)
        const reached = {
          sent: last.sentAt !== null,
          delivered: last.deliveredAt !== null,
          opened: last.openedAt !== null,
          clicked: last.clickedAt !== null,
          machine_opened: last.machineOpenedAt !== null,
          machine_clicked: last.machineClickedAt !== null,
          failed: last.status === 'FAILED',
          bounced: last.status === 'BOUNCED',
          suppressed: last.status === 'SUPPRESSED',
          'suppressed:expired': last.status === 'SUPPRESSED',
        }
        const counted = [...sums].flatMap(([metric, n]) => (n === 0 ? [] : [`${metric} ${n}`])).sort()
        expect(counted).toEqual(
          Object.entries(reached)
            .flatMap(([metric, is]) => (is ? [`${metric} 1`] : []))
            .sort(),
        )
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
