import type { Condition } from '../../condition/condition.ts'
import { evaluate } from '../../condition/evaluate.ts'
import { historyNeeds } from '../../condition/references.ts'
import { conditionShape } from '../../condition/validate.ts'
import { type Duration, fixedMillis, parseDuration } from '../../duration.ts'
import { parseInstant } from '../../instant.ts'
import { duration, number, object, optional, type Shape, text } from '../../shape.ts'
import { addDuration, atDate } from '../../zone.ts'
import type { NodeKind, NodeScope, Outcome } from '../node-kind.ts'

export interface RepeatConfig {
  every: string
  times?: number
  until?: { date?: string; condition?: Condition }
}

/** Kept over visits: how often the body was entered, and when the first and the last time were. */
interface Rounds {
  count: number
  startedAt: number
  lastAt: number
}

const config = object({
  every: duration({ title: 'Every' }),
  times: optional(number({ title: 'Times', integer: true, min: 1, max: 1000 })),
  until: optional(object({ date: optional(text({ title: 'Date', format: 'date' })), condition: optional(conditionShape) }, { title: 'Until' })),
}) as Shape<RepeatConfig>

/**
 * Sends the token through `body`, whose last node leads back here, every so often: the first time at once,
 * the n-th n − 1 intervals after the first, so that a slow body does not make the rhythm drift. Rounds that were
 * missed (a pause, an outage) are not run in a burst: one at once, the next at the rhythm's next beat.
 */
export const repeat: NodeKind<RepeatConfig> = {
  kind: 'repeat',
  title: 'Repeat',
  icon: 'repeat',
  description: 'Runs `body` every so often, a number of times or until a date or condition; connect the end of the body back to this node.',
  category: 'flow',
  config,
  ports: () => [
    { name: 'body', title: 'Each time', required: true },
    { name: 'done', title: 'Done' },
  ],
  // The second round waits for its time; an end may have come already.
  waits: (_, port) => port === 'body',
  check(settings, scope) {
    if (settings.times === undefined && settings.until?.date === undefined && settings.until?.condition === undefined) {
      scope.report('INVALID_CONFIG', ['times'], 'give `times` or `until`, so that it ends')
    }
    if (settings.until?.date !== undefined && parseInstant(settings.until.date) === null)
      scope.report('INVALID_CONFIG', ['until', 'date'], 'is not a date')
  },
  conditions: (settings) => (settings.until?.condition ? [{ path: ['until', 'condition'], condition: settings.until.condition }] : []),
  history: (settings) => (settings.until?.condition ? historyNeeds(settings.until.condition) : []),
  arrive: round,
  timer: round,
}

function round(settings: RepeatConfig, scope: NodeScope): Outcome {
  const { enrollment, facts, now } = scope
  const zone = facts.contact.timeZone
  const known = Object.hasOwn(enrollment.memory, scope.key) ? (enrollment.memory[scope.key] as unknown as Rounds) : null
  const rounds = known ?? { count: 0, startedAt: now, lastAt: null }
  const over =
    (settings.times !== undefined && rounds.count >= settings.times) ||
    (settings.until?.date !== undefined && now >= (atDate(settings.until.date, null, zone) ?? 0)) ||
    (settings.until?.condition !== undefined && evaluate(settings.until.condition, { facts, enrollment, now }))
  if (over) {
    delete enrollment.memory[scope.key]
    return { go: 'done' }
  }
  const every = parseDuration(settings.every) ?? { months: 0, days: 0, millis: 0 }
  const beat = (n: number) => addDuration(rounds.startedAt, { months: every.months * n, days: every.days * n, millis: every.millis * n }, zone)
  // The beats before its last round were missed: it was woken late, or a body took longer than an interval.
  const { count, startedAt, lastAt } = rounds
  const ahead = (n: number) => lastAt === null || beat(n) > lastAt
  const dueAt = beat(lastAt === null ? count : Math.max(count, beatsUntil(every, lastAt - startedAt, ahead)))
  if (dueAt > now) return { stay: { dueAt } }
  enrollment.memory[scope.key] = { count: count + 1, startedAt, lastAt: now }
  return { go: 'body' }
}

/** The first beat that is `ahead`, looked for from one that cannot be: by the calendar an interval is at most a tenth longer than it is fixed. */
function beatsUntil(every: Duration, elapsed: number, ahead: (n: number) => boolean): number {
  const longest = fixedMillis(every) * (every.months === 0 && every.days === 0 ? 1 : 1.1)
  let n = Math.max(1, Math.floor(elapsed / longest))
  while (!ahead(n)) n++
  return n
}
