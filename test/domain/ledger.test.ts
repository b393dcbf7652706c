import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AGAIN_AFTER, applyCallback, applyReply, applyResult, applyTimer, backOff, RECONCILE_AFTER } from '../../src/domain/ledger.ts'
import { AMBIGUOUS, DAY, entry, MINUTE, NOW, OK, PERMANENT, quiet, RETRY, report, result } from '../support/ledger.ts'

describe('what an attempt came to', () => {
  test('ok: sent, with what it cost', () => {
    expect(result(entry({ failure: { code: '429', class: 'RETRYABLE', message: '' } }), OK)).toEqual({
      ...quiet,
      entry: entry({ status: 'SENT', providerMessageId: 'p-1', cost: 7, sentAt: NOW - 5 }),
      history: { status: 'SENT', human: null, at: NOW - 5, detail: { providerMessageId: 'p-1' } },
      signal: { signal: 'SENT', human: true, at: NOW - 5 },
      counts: ['sent'],
    })
  })

  test('retry: waits for its turn, told to nobody but the history', () => {
    const dueAt = NOW + backOff('m-1', 1, undefined)
    expect(result(entry(), RETRY)).toEqual({
      ...quiet,
      entry: entry({ status: 'DEFERRED', dueAt, failure: { code: '429', class: 'RETRYABLE', message: 'slow down' } }),
      history: { status: 'RETRY', human: null, at: NOW - 5, detail: { code: '429', until: dueAt } },
    })
  })

  test('held: suppressed for the reason, as if the gate had kept it back; too late for what has left', () => {
    const outcome = { type: 'held', reason: 'window_closed' } as const
    expect(result(entry(), outcome)).toEqual({
      ...quiet,
      entry: entry({ status: 'SUPPRESSED', failure: { code: 'window_closed', class: 'PERMANENT', message: '' } }),
      history: { status: 'SUPPRESSED', human: null, at: NOW - 5, detail: { reason: 'window_closed' } },
      signal: { signal: 'SUPPRESSED', human: true, at: NOW - 5, reason: 'window_closed' },
      counts: ['suppressed', 'suppressed:window_closed'],
    })
    for (const status of ['PLANNED', 'SENT', 'UNKNOWN', 'FAILED'] as const) expect(result(entry({ status }), outcome).history).toBeNull()
    expect(result(entry(), outcome, 2).history).toBeNull()
  })

  test('retry, told by a sender who was taken for lost: no doubt is left, and it waits for its turn', () => {
    const lost = { status: 'UNKNOWN', failure: { code: 'SENDER_LOST', class: 'AMBIGUOUS', message: '' } } as const
    const dueAt = NOW + backOff('m-1', 1, undefined)
    const failure = { code: '429', class: 'RETRYABLE', message: 'slow down' }
    expect(result(entry(lost), RETRY).entry).toMatchObject({ status: 'DEFERRED', dueAt, failure })
  })

  test('retry, a day after planning: given up', () => {
    expect(result(entry({ plannedAt: NOW - DAY }), RETRY).entry.status).toBe('DEFERRED')
    const late = entry({ plannedAt: NOW - DAY - 1 })
    expect(result(late, RETRY)).toEqual({
      ...quiet,
      entry: { ...late, status: 'FAILED', failure: { code: '429', class: 'RETRYABLE', message: 'slow down' } },
      history: { status: 'FAILED', human: null, at: NOW - 5, detail: { code: '429' } },
      signal: { signal: 'FAILED', human: true, at: NOW - 5, reason: '429' },
      counts: ['failed'],
    })
  })

  test('permanent: failed, with what it tells of the address and the person', () => {
    const failed = {
      entry: entry({ status: 'FAILED', failure: { code: '21211', class: 'PERMANENT', message: 'no number' } }),
      history: { status: 'FAILED', human: null, at: NOW - 5, detail: { code: '21211' } },
      signal: { signal: 'FAILED', human: true, at: NOW - 5, reason: '21211' },
      counts: ['failed'],
      send: false,
    }
    expect(result(entry(), PERMANENT)).toEqual({ ...failed, identity: null, optOut: false })
    expect(result(entry(), { ...PERMANENT, identity: 'INVALID' })).toEqual({ ...failed, identity: 'INVALID', optOut: false })
    expect(result(entry(), { ...PERMANENT, optedOut: true })).toEqual({ ...failed, identity: null, optOut: 'WITHDRAWN' })
  })

  test('ambiguous: unknown, and looked at again when a callback can have come', () => {
    expect(RECONCILE_AFTER).toBe(10 * MINUTE)
    expect(result(entry(), AMBIGUOUS)).toEqual({
      ...quiet,
      entry: entry({ status: 'UNKNOWN', dueAt: NOW + 10 * MINUTE, failure: { code: 'TIMEOUT', class: 'AMBIGUOUS', message: 'no answer' } }),
      history: { status: 'UNKNOWN', human: null, at: NOW - 5, detail: { code: 'TIMEOUT' } },
      signal: { signal: 'UNKNOWN', human: true, at: NOW - 5 },
      counts: ['unknown'],
    })
  })

  test.each([OK, RETRY, PERMANENT, AMBIGUOUS])('of another attempt than the last changes nothing: $type', (outcome) => {
    const second = entry({ attempt: 2 })
    expect(result(second, outcome, 1)).toEqual({ ...quiet, entry: second })
    expect(result(second, outcome, 3)).toEqual({ ...quiet, entry: second })
  })

  test.each([RETRY, PERMANENT, AMBIGUOUS])('$type takes nothing back that a callback has told', (outcome) => {
    for (const status of ['SENT', 'DELIVERED', 'FAILED', 'BOUNCED', 'CANCELLED', 'SUPPRESSED'] as const) {
      const known = entry({ status, sentAt: NOW - 9 })
      expect(result(known, outcome)).toEqual({ ...quiet, entry: known })
    }
  })
})

test('back-off doubles from a second to five minutes, 25 % to either side, and never undercuts Retry-After', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.integer({ min: 1, max: 2000 }), fc.option(fc.nat(DAY), { nil: undefined }), (id, attempt, retryAfter) => {
      const base = Math.min(300_000, 1000 * 2 ** (attempt - 1))
      const pause = backOff(id, attempt, undefined)
      expect(pause).toBeGreaterThanOrEqual(base * 0.75 - 1)
      expect(pause).toBeLessThanOrEqual(base * 1.25 + 1)
      expect(Number.isInteger(pause)).toBe(true)
      expect(backOff(id, attempt, retryAfter)).toBe(Math.max(pause, retryAfter ?? 0))
    }),
  )
  expect(new Set(Array.from({ length: 100 }, (_, n) => backOff(`m-${n}`, 5, undefined))).size).toBeGreaterThan(90)
})

describe('what a provider reports', () => {
  test('an unanswered hand-over is sent once anybody shows that it arrived, and is not sent again', () => {
    const unknown = entry({ status: 'UNKNOWN', dueAt: NOW, whenUnknown: 'RESEND', failure: { code: 'TIMEOUT', class: 'AMBIGUOUS', message: '' } })
    const settled = { status: 'SENT', dueAt: null, failure: null, sentAt: NOW }
    const proofs = [
      [report('PROCESSED'), ['sent'], 'SENT'],
      [report('SENT'), ['sent'], 'SENT'],
      [report('OPENED'), ['sent', 'opened'], 'OPENED'],
      [report('CLICKED'), ['sent', 'clicked'], 'CLICKED'],
      // Nobody acts on a scanner's click, but the message went out.
      [report('CLICKED', { human: false }), ['sent', 'machine_clicked'], 'SENT'],
      [report('OPENED', { human: false }), ['sent', 'machine_opened'], 'SENT'],
    ] as const
    for (const [proof, counts, signal] of proofs) {
      const change = applyCallback(unknown, proof)
      expect(change.entry).toMatchObject(settled)
      expect(change).toMatchObject({ counts, signal: { signal, human: true, at: NOW } })
      expect(applyTimer(change.entry, NOW + DAY)).toEqual({ ...quiet, entry: change.entry })
    }
    const delivered = applyCallback(unknown, report('DELIVERED'))
    expect(delivered.entry).toMatchObject({ ...settled, status: 'DELIVERED', deliveredAt: NOW })
    expect(delivered).toMatchObject({ counts: ['sent', 'delivered'], signal: { signal: 'DELIVERED' } })
  })

  test('an address that bounces or fails is marked, even where the message counts as delivered', () => {
    for (const status of ['SENT', 'FAILED', 'BOUNCED', 'DELIVERED'] as const)
      expect(applyCallback(entry({ status, sentAt: NOW - 9 }), report('BOUNCED', { identity: 'BOUNCED', code: '550' })).identity).toBe('BOUNCED')
    expect(applyCallback(entry({ status: 'SENT' }), report('BOUNCED', { identity: 'BOUNCED', code: '550', detail: 'no mailbox' }))).toEqual({
      ...quiet,
      entry: entry({ status: 'BOUNCED', failure: { code: '550', class: 'PERMANENT', message: 'no mailbox' } }),
      history: { status: 'BOUNCED', human: null, at: NOW, detail: { code: '550' } },
      signal: { signal: 'FAILED', human: true, at: NOW, reason: '550' },
      counts: ['bounced'],
      identity: 'BOUNCED',
    })
  })

  test('a click keeps its link; a second one is history only, and the earliest instant stands', () => {
    const first = applyCallback(entry({ status: 'DELIVERED', sentAt: NOW - 9 }), report('CLICKED', { url: 'https://a.example/' }))
    expect(first).toMatchObject({ counts: ['clicked'], history: { status: 'CLICKED', human: true, at: NOW, detail: { url: 'https://a.example/' } } })
    const second = applyCallback(first.entry, report('CLICKED', { at: NOW - 3 }))
    expect(second).toEqual({
      ...quiet,
      entry: { ...first.entry, clickedAt: NOW - 3 },
      history: { status: 'CLICKED', human: true, at: NOW - 3, detail: {} },
    })
  })

  test('a machine’s opening is kept apart and told as such', () => {
    const change = applyCallback(entry({ status: 'SENT', sentAt: NOW - 9 }), report('OPENED', { human: false }))
    expect(change.entry).toMatchObject({ openedAt: null, machineOpenedAt: NOW })
    expect(change).toMatchObject({ counts: ['machine_opened'], signal: { signal: 'OPENED', human: false } })
  })

  test.each([
    ['COMPLAINED', 'SUPPRESSED'],
    ['UNSUBSCRIBED', 'WITHDRAWN'],
  ] as const)('%s leaves the message as it was, and the consent %s', (status, optOut) => {
    const sent = entry({ status: 'SENT', sentAt: NOW - 9 })
    expect(applyCallback(sent, report(status))).toEqual({
      ...quiet,
      entry: sent,
      history: { status, human: null, at: NOW, detail: {} },
      counts: [status.toLowerCase()],
      optOut,
    })
  })

  test('a deferral at the provider is history', () => {
    const sent = entry({ status: 'SENT', sentAt: NOW - 9 })
    expect(applyCallback(sent, report('DEFERRED', { code: '451' }))).toEqual({
      ...quiet,
      entry: sent,
      history: { status: 'DEFERRED', human: null, at: NOW, detail: { code: '451' } },
    })
  })

  test('the first answer counts', () => {
    const change = applyReply(entry({ status: 'SENT' }), NOW, false)
    expect(change).toEqual({
      ...quiet,
      entry: entry({ status: 'SENT', repliedAt: NOW }),
      history: { status: 'REPLIED', human: true, at: NOW },
      signal: { signal: 'REPLIED', human: true, at: NOW },
      counts: ['replied'],
    })
    expect(applyReply(change.entry, NOW + 1, false)).toEqual({ ...quiet, entry: change.entry })
  })
})

test('who chose the message to answer has it: it is not sent again; who may have meant it, does not prove that', () => {
  const unknown = entry({ status: 'UNKNOWN', dueAt: NOW, whenUnknown: 'RESEND', failure: { code: 'TIMEOUT', class: 'AMBIGUOUS', message: '' } })
  const meant = applyReply(unknown, NOW, false)
  expect([meant.entry.status, applyTimer(meant.entry, NOW).send, meant.counts]).toEqual(['UNKNOWN', true, ['replied']])
  for (const [before, counts] of [
    [unknown, ['sent', 'replied']],
    [meant.entry, ['sent']],
  ] as const) {
    const quoted = applyReply(before, NOW, true)
    expect(quoted.entry).toMatchObject({ status: 'SENT', dueAt: null, failure: null, sentAt: NOW, repliedAt: NOW })
    expect([quoted.counts, quoted.send]).toEqual([counts, false])
  }
})

describe('when its time has come', () => {
  test('before, nothing; then a retry goes out again', () => {
    const waits = entry({ status: 'DEFERRED', dueAt: NOW })
    expect(applyTimer(waits, NOW - 1)).toEqual({ ...quiet, entry: waits })
    expect(applyTimer(waits, NOW)).toEqual({ ...quiet, entry: { ...waits, status: 'PLANNED', dueAt: null }, send: true })
    const frozen = entry({ status: 'DEFERRED' })
    expect(applyTimer(frozen, NOW)).toEqual({ ...quiet, entry: frozen })
  })

  // providers.md: a push collapses on the device; elsewhere the template's policy decides.
  test.each([
    ['push', 'HOLD', 1, true],
    ['push', 'RESEND', 1, true],
    ['email', 'HOLD', 1, false],
    ['sms', 'HOLD', 1, false],
    ['email', 'RESEND', 1, true],
    ['sms', 'RESEND', 1, true],
    ['push', 'HOLD', 3, true],
    ['web_push', 'HOLD', 1, true],
    ['sms', 'RESEND', 3, true],
  ] as const)('a %s that stayed unknown, %s, attempt %i: again %s', (channel, whenUnknown, attempt, again) => {
    const unknown = entry({ channel, whenUnknown, attempt, status: 'UNKNOWN', dueAt: NOW })
    expect(applyTimer(unknown, NOW)).toEqual(
      again
        ? { ...quiet, entry: { ...unknown, status: 'PLANNED', dueAt: null }, send: true, history: { status: 'RESEND', human: null, at: NOW } }
        : { ...quiet, entry: { ...unknown, dueAt: null } },
    )
  })

  // Being turned away is no doubt: it neither uses up the one repetition nor grants another.
  test.each([
    ['after being turned away twice', [RETRY, RETRY, AMBIGUOUS]],
    ['and in doubt again', [AMBIGUOUS, AMBIGUOUS]],
    ['turned away when sent again, and in doubt after all', [AMBIGUOUS, RETRY, AMBIGUOUS]],
  ] as const)('a one-time code in doubt %s is sent again once', (_, outcomes) => {
    const lines: string[] = []
    let life = entry({ channel: 'sms', whenUnknown: 'RESEND', attempt: 0 })
    for (const outcome of outcomes) {
      life = applyResult({ ...life, status: 'DISPATCHING', attempt: life.attempt + 1 }, life.attempt + 1, outcome, NOW, NOW).entry
      const woken = applyTimer(life, NOW + DAY)
      if (woken.history !== null) lines.push(woken.history.status)
      life = woken.entry
    }
    expect(lines).toEqual(['RESEND'])
  })

  test('a push whose every answer is lost is sent again three times, and then no more', () => {
    const resent: number[] = []
    let life = entry({ channel: 'push', status: 'PLANNED', plannedAt: NOW, attempt: 0 })
    for (let now = NOW; life.status === 'PLANNED'; now += RECONCILE_AFTER) {
      life = applyResult({ ...life, status: 'DISPATCHING', attempt: life.attempt + 1 }, life.attempt + 1, AMBIGUOUS, now, now).entry
      const woken = applyTimer(life, now + RECONCILE_AFTER)
      if (woken.send) resent.push((now + RECONCILE_AFTER - NOW) / MINUTE)
      life = woken.entry
    }
    expect(resent).toEqual([10, 20, 30])
    expect([life.status, life.dueAt]).toEqual(['UNKNOWN', null])
  })
})

describe('a failure worth one more attempt', () => {
  const LOST = { status: 'FAILED', human: true, at: NOW, code: '30008', detail: 'lost', attempt: 1, again: true } as const
  const sent = entry({ status: 'SENT', sentAt: NOW - 5, providerMessageId: 'p-1' })
  const waiting = applyCallback(sent, LOST).entry
  const quiet = { signal: null, counts: [], identity: null, optOut: false, send: false }

  test('waits five minutes, and nobody hears of it', () => {
    expect(AGAIN_AFTER).toBe(5 * MINUTE)
    expect(applyCallback(sent, LOST)).toEqual({
      ...quiet,
      entry: { ...sent, status: 'DEFERRED', dueAt: NOW + AGAIN_AFTER, failure: { code: '30008', class: 'RETRYABLE', message: 'lost' } },
      history: { status: 'RETRY', human: null, at: NOW, detail: { code: '30008', until: NOW + AGAIN_AFTER } },
    })
    const planned = applyTimer(waiting, NOW + AGAIN_AFTER)
    expect([planned.send, planned.entry.status]).toEqual([true, 'PLANNED'])
  })

  test('shows that it was accepted, where nothing had', () => {
    expect(applyCallback(entry(), LOST)).toMatchObject({ signal: { signal: 'SENT' }, counts: ['sent'], entry: { status: 'DEFERRED', sentAt: NOW } })
  })

  test('is final the second time', () => {
    const second = entry({ status: 'SENT', attempt: 2, sentAt: NOW - 5 })
    expect(applyCallback(second, { ...LOST, attempt: 2 })).toMatchObject({ entry: { status: 'FAILED', dueAt: null }, signal: { signal: 'FAILED' } })
  })

  test.each([
    ['its repetition', LOST],
    ['its own sending, told late', { ...LOST, status: 'SENT' } as const],
  ])('is not undone by %s, before the second attempt or during it', (_what, report) => {
    for (const status of ['DEFERRED', 'PLANNED'] as const) {
      const at = { ...waiting, status }
      expect(applyCallback(at, report)).toEqual({ ...quiet, entry: at, history: null })
    }
    const during = { ...waiting, status: 'DISPATCHING' as const, dueAt: null, attempt: 2 }
    expect(applyCallback(during, report)).toEqual({ ...quiet, entry: during, history: null })
  })

  test.each(['DELIVERED', 'OPENED', 'CLICKED'] as const)('is made good by %s of the first attempt: no second one is made', (status) => {
    for (const attempt of [1, undefined]) {
      const { entry: made } = applyCallback(waiting, { status, human: true, at: NOW + 1, attempt })
      expect([made.status, made.dueAt, made.failure]).toEqual([status === 'DELIVERED' ? 'DELIVERED' : 'SENT', null, null])
    }
  })

  test('comes to the same with our own commit and Twilio’s reports in any order, each up to five times', () => {
    const told = ['our own', { status: 'SENT', human: true, at: NOW - 3, attempt: 1 }, LOST] as const
    fc.assert(
      fc.property(fc.shuffledSubarray([...told, ...told, ...told, ...told, ...told]), (some) => {
        let folded = entry()
        const counts: string[] = []
        for (const each of [...told, ...some].sort((a, b) => some.indexOf(a) - some.indexOf(b))) {
          const change = each === 'our own' ? applyResult(folded, 1, OK, NOW - 4, NOW) : applyCallback(folded, each)
          folded = change.entry
          counts.push(...change.counts)
        }
        expect([folded.status, folded.dueAt, folded.sentAt, folded.providerMessageId, folded.cost, counts]).toEqual([
          'DEFERRED',
          NOW + AGAIN_AFTER,
          NOW - 4,
          'p-1',
          7,
          ['sent'],
        ])
      }),
    )
  })
})
