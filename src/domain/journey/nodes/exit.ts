import { object, optional, type Shape, text } from '../../shape.ts'
import type { NodeKind } from '../node-kind.ts'

export interface ExitConfig {
  reason?: string
}

/** Ends the enrollment as exited, with a reason. */
export const exit: NodeKind<ExitConfig> = {
  kind: 'exit',
  title: 'Exit',
  icon: 'log-out',
  description: 'Ends the enrollment here, as exited, with a reason of yours.',
  category: 'flow',
  config: object({ reason: optional(text({ title: 'Reason', max: 200 })) }) as Shape<ExitConfig>,
  ports: () => [],
  waits: () => false,
  arrive: (settings) => ({ end: { status: 'EXITED', reason: settings.reason ?? 'exit_node' } }),
}
