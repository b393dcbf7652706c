import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyCallback, applyResult, applyTimer } from '../../src/domain/ledger.ts'
import { AMBIGUOUS, DAY, entry, NOW, OK, PERMANENT, quiet, RETRY, report, result } from '../support/ledger.ts'

describe('sent again for a doubt, and then known to have failed', () => {
  const doubt = { code: 'TIMEOUT', class: 'AMBIGUOUS' as const, message: 'no answer' }
  const again = entry({ channel: 'sms', whenUnknown: 'RESEND', attempt: 2, failure: doubt })
  const line = (code: string) => ({ status: 'FAILED', human: null, at: NOW - 5, detail: { code } })

  test('for good: what may have arrived the first time stays in doubt; its address is believed dead all the same', () => {
    const told = { ...PERMANENT, identity: 'INVALID', optedOut: true } as const
    const failure = { code: '21211', class: 'PERMANENT', message: 'no number' }
    expect(result(again, told)).toEqual({
      ...quiet,
      entry: { ...again, status: 'UNKNOWN', failure },
      history: line('21211'),
      identity: 'INVALID',
      optOut: 'WITHDRAWN',
    })
    expect(result({ ...again, status: 'UNKNOWN' }, PERMANENT).entry).toEqual({ ...again, status: 'UNKNOWN', failure })
  })

  test('a day after planning, too', () => {
    const late = { ...again, plannedAt: NOW - DAY - 1 }
    const failure = { code: '429', class: 'PERMANENT', message: 'slow down' }
    expect(result(late, RETRY)).toEqual({ ...quiet, entry: { ...late, status: 'UNKNOWN', failure }, history: line('429') })
  })

  test('a doubt of the only attempt is settled by what becomes of that', () => {
    expect(result({ ...again, attempt: 1, status: 'UNKNOWN' }, PERMANENT).entry.status).toBe('FAILED')
    const planned = { ...again, attempt: 1, status: 'PLANNED' } as const
    const told = applyCallback(planned, report('FAILED', { code: '30007', attempt: 1 }))
    expect([told.entry.status, told.counts]).toEqual(['FAILED', ['failed']])
  })

  test.each([
    ['turned away before', [RETRY, AMBIGUOUS], 'RESEND'],
    ['turned away before, and held since', [RETRY, AMBIGUOUS], 'HOLD'],
    ['turned away by who was taken for lost', [RETRY, AMBIGUOUS, RETRY], 'RESEND'],
  ] as const)('a doubt of the last attempt alone is settled by that one’s failure: %s', (_, outcomes, whenUnknown) => {
    let life = entry({ channel: 'sms', whenUnknown })
    for (const outcome of outcomes) {
      if (life.status === 'DEFERRED') life = { ...applyTimer(life, NOW + DAY).entry, status: 'DISPATCHING', attempt: life.attempt + 1 }
      life = result(life, outcome).entry
    }
    if (whenUnknown === 'HOLD') life = applyTimer(life, NOW + DAY).entry
    if (life.status === 'UNKNOWN') expect(applyCallback(life, report('FAILED', { attempt: 2 })).entry.status).toBe('FAILED')
    else expect(life).toMatchObject({ status: 'DEFERRED', failure: { class: 'RETRYABLE' } })
  })

  test('an acceptance of the first attempt, heard while the second is made, is one: the second is the last', () => {
    const told = applyCallback(again, report('SENT', { attempt: 1 }))
    expect([told.entry.status, told.counts, told.signal?.signal]).toEqual(['SENT', ['sent'], 'SENT'])
    for (const outcome of [RETRY, PERMANENT, AMBIGUOUS]) expect(result(told.entry, outcome).entry).toEqual(told.entry)
  })

  const lost = report('FAILED', { code: '30005', detail: 'gone', identity: 'INVALID', attempt: 2 })
  const inDoubt = { code: '30005', class: 'PERMANENT', message: 'gone' }

  test.each(['DISPATCHING', 'UNKNOWN', 'SENT'] as const)('as a provider reports of what was %s: in doubt as ever', (status) => {
    const before = status === 'SENT' ? result(again, OK).entry : { ...again, status }
    expect(before.status).toBe(status)
    expect(applyCallback(before, lost)).toEqual({
      ...quiet,
      entry: { ...before, status: 'UNKNOWN', failure: inDoubt },
      history: { status: 'FAILED', human: null, at: NOW, detail: { code: '30005' } },
      identity: 'INVALID',
    })
  })

  test('a failure that names no attempt is not made good where the last one was turned away, in whatever order they are heard', () => {
    const bounced = report('BOUNCED', { code: '510' })
    const told = applyCallback(again, bounced).entry
    expect([told.status, told.failure?.class]).toEqual(['UNKNOWN', 'PERMANENT'])
    expect(result(told, RETRY).entry).toEqual(told)
    expect(applyCallback(result(again, RETRY).entry, bounced).entry).toEqual(told)
  })

  test('an acceptance that comes after its failure is of the attempt that failed', () => {
    const failed = applyCallback(again, lost).entry
    for (const change of [result(failed, OK), applyCallback(failed, report('SENT', { attempt: 2 }))])
      expect([change.entry.status, change.entry.failure, change.counts]).toEqual(['UNKNOWN', inDoubt, ['sent']])
  })

  test('engagement shows that one of them arrived, whenever it is heard', () => {
    const opened = report('OPENED')
    const after = applyCallback(applyCallback(again, lost).entry, opened).entry
    const before = applyCallback(applyCallback(again, opened).entry, lost).entry
    expect([after.status, after.openedAt]).toEqual(['SENT', NOW])
    expect(before).toEqual(after)
    expect(applyCallback(after, report('DELIVERED')).entry).toMatchObject({ status: 'DELIVERED', failure: null })
  })

  test('comes to the same in any order, each up to five times', () => {
    const told = [
      'our own',
      report('SENT', { attempt: 2 }),
      lost,
      report('BOUNCED', { code: '550', attempt: 2 }),
      report('FAILED', { attempt: 1 }),
      report('SENT', { attempt: 1 }),
    ] as const
    const rest = [report('OPENED', { human: false }), report('DELIVERED')] as const
    fc.assert(
      fc.property(fc.subarray([...rest]), fc.shuffledSubarray([...told, ...told, ...rest, ...rest]), (seen, order) => {
        const fold = (some: readonly (typeof told | typeof rest)[number][]) => {
          let folded = again
          const counts: string[] = []
          for (const each of some) {
            const change = each === 'our own' ? applyResult(folded, 2, OK, NOW - 4, NOW) : applyCallback(folded, each)
            folded = change.entry
            counts.push(...change.counts)
          }
          return [folded, counts.sort()]
        }
        const all = [...told, ...seen]
        const shuffled = [...order.filter((each) => all.includes(each)), ...all]
        expect(fold(shuffled)).toEqual(fold(all))
      }),
    )
  })
})
