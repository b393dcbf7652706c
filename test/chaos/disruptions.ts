import type { Sandbox } from '../../src/sandbox/control.ts'
import type { CrashingDatabase } from './database.ts'
import type { Troop } from './processes.ts'

export type Disruption = 'nothing'

export interface Targets {
  database: CrashingDatabase
  sandbox: Sandbox
  troop: Troop
  /** The seed's choice for this disruption and purpose, in [0, 1). */
  chance(what: string): number
}

/** Breaks something, and leaves behind it what mends it. */
export async function disrupt(_what: Disruption, _targets: Targets): Promise<void> {}
