import type { Condition } from '../../condition/condition.ts'
import { evaluate } from '../../condition/evaluate.ts'
import { historyNeeds } from '../../condition/references.ts'
import { conditionShape } from '../../condition/validate.ts'
import { parseDuration } from '../../duration.ts'
import { duration, number, object, optional, type Shape, text } from '../../shape.ts'
import { addDuration, atDate } from '../../zone.ts'
import type { NodeKind, NodeScope, Outcome } from '../node-kind.ts'

export interface RepeatConfig {
  every: string
  times?: number
  until?: { date?: string; condition?: Condition }
}

/** Kept over visits: how often the body was entered, and when the first time was. */
interface Rounds {
  count: number
  startedAt: number
}

const config = object({
  every: duration({ title: 'Every' }),
  times: optional(number({ title: 'Times', integer: true, min: 1, max: 1000 })),
  until: optional(object({ date: optional(text({ title: 'Date', format: 'date' })), condition: optional(conditionShape) }, { title: 'Until' })),
}) as Shape<RepeatConfig>

/**
 * Sends the token through `body`, whose last node leads back here, every so often: the first time at once,
 * the n-th n − 1 intervals after the first, so that a slow body does not make the rhythm drift.
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
  waits: () => true,
  check(settings, scope) {
    if (settings.times === undefined && settings.until?.date === undefined && settings.until?.condition === undefined) {
      scope.report('INVALID_CONFIG', ['times'], 'give `times` or `until`, so that it ends')
    }
    if (settings.until?.date !== undefined && Number.isNaN(Date.parse(settings.until.date)))
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
  const rounds = (enrollment.memory[scope.key] as unknown as Rounds | undefined) ?? { count: 0, startedAt: now }
  const over =
    (settings.times !== undefined && rounds.count >= settings.times) ||
    (settings.until?.date !== undefined && now >= (atDate(settings.until.date, null, zone) ?? 0)) ||
    (settings.until?.condition !== undefined && evaluate(settings.until.condition, { facts, enrollment, now }))
  if (over) {
    delete enrollment.memory[scope.key]
    return { go: 'done' }
  }
  const every = parseDuration(settings.every) ?? { months: 0, days: 0, millis: 0 }
  const n = rounds.count
  const dueAt = addDuration(rounds.startedAt, { months: every.months * n, days: every.days * n, millis: every.millis * n }, zone)
  if (dueAt > now) return { stay: { dueAt } }
  enrollment.memory[scope.key] = { count: n + 1, startedAt: rounds.startedAt }
  return { go: 'body' }
}
