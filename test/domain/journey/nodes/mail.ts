import type { FollowUpStatus } from '../../../../src/domain/journey/nodes/message.ts'
import { journey } from '../play.ts'

const PORTS = ['next', 'sent', 'delivered', 'opened', 'clicked', 'replied', 'ignored', 'failed', 'suppressed']
export type FollowUps = readonly (readonly [on: FollowUpStatus, after?: string])[]

/** An email each of whose ports leads to an exit with the port's name as its reason. */
export function mail(followUps: FollowUps, config: object = {}, rest: Parameters<typeof journey>[1] = {}) {
  const follows = followUps.map(([on, after]) => (after === undefined ? { on } : { on, after }))
  const ports = PORTS.filter((port) => ['next', 'failed', 'suppressed'].includes(port) || followUps.some(([on]) => on.toLowerCase() === port))
  return journey(
    {
      mail: ['email', { templateId: 't-email', followUps: follows, ...config }, Object.fromEntries(ports.map((port) => [port, `by-${port}`]))],
      ...Object.fromEntries(ports.map((port) => [`by-${port}`, ['exit', { reason: port }] as const])),
    },
    rest,
  )
}

/** Two hours after delivery, or a day without an engagement. */
export const D2: FollowUps = [
  ['DELIVERED', 'PT2H'],
  ['IGNORED', 'P1D'],
]
