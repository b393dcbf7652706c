import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxProvider } from '../../src/sandbox/accounts.ts'
import type { Sandbox } from '../../src/sandbox/control.ts'
import type { Fault } from '../../src/sandbox/faults.ts'
import type { CrashingDatabase } from './database.ts'
import type { Role, Troop } from './processes.ts'

/** What a provider does for a while. Not all requests, or nothing would be left to go wrong otherwise. */
const PROVIDER = {
  'provider: 503': { kind: 'status', status: 503, rate: 0.5, times: 20 },
  'provider: 503, and it was accepted': { kind: 'status', status: 503, accept: true, rate: 0.5, times: 20 },
  'provider: 429': { kind: 'status', status: 429, retryAfter: 1, rate: 0.7, times: 60 },
  'provider: reset before': { kind: 'reset-before', rate: 0.5, times: 20 },
  'provider: reset after': { kind: 'reset-after', rate: 0.5, times: 20 },
  'provider: half an answer': { kind: 'half-body', rate: 0.5, times: 20 },
  // Each holds one of a worker's sockets for the ten seconds of its time-out.
  'provider: hangs': { kind: 'hang', rate: 0.3, times: 4 },
  'provider: drips': { kind: 'drip', rate: 0.3, times: 4 },
} as const satisfies Record<string, Fault>

/** Which of them holds its answers back while every worker is killed. */
const SENDING = {
  'kill every worker while it sends pushes': 'fcm',
  'kill every worker while it sends mails': 'sendgrid',
  'kill every worker while it sends SMS': 'twilio',
} as const satisfies Record<string, SandboxProvider>

export type Disruption = 'kill a worker' | 'freeze a worker' | keyof typeof SENDING | 'kill the API' | 'crash PostgreSQL' | keyof typeof PROVIDER
export const CUTS = Object.keys(SENDING) as (keyof typeof SENDING)[]
export const PROVIDER_FAULTS = Object.keys(PROVIDER) as (keyof typeof PROVIDER)[]

export interface Targets {
  database: CrashingDatabase
  sandbox: Sandbox
  troop: Troop
  /** The seed's choice for this disruption and purpose, in [0, 1). */
  chance(what: string): number
}

const LONGEST_OUTAGE = 1_000
/** Longer than the fifteen seconds after which its peers take a sender for dead; its lanes they have after five. Milliseconds. */
const FROZEN_FOR = 17_000

/** Breaks something, and leaves behind it what mends it. */
export async function disrupt(what: Disruption, targets: Targets): Promise<void> {
  switch (what) {
    case 'kill a worker':
      return killAndReplace('worker', targets)
    case 'freeze a worker':
      return targets.troop.freeze('worker', Math.floor(targets.chance('which') * targets.troop.count('worker')), FROZEN_FOR)
    case 'kill the API':
      return killAndReplace('api', targets)
    case 'crash PostgreSQL':
      await targets.database.crash()
      await sleep(targets.chance('outage') * LONGEST_OUTAGE)
      return targets.database.start()
    case 'kill every worker while it sends pushes':
    case 'kill every worker while it sends mails':
    case 'kill every worker while it sends SMS':
      return killSenders(SENDING[what], targets)
    default:
      targets.sandbox.fault(PROVIDER[what])
  }
}

const LONGEST_WATCH = 10_000

/**
 * The cut that matters: marked and written, accepted or not, and nobody is left to report it. The provider holds
 * its answers back, so that something is in flight when the workers die.
 */
async function killSenders(provider: SandboxProvider, { sandbox, troop }: Targets): Promise<void> {
  const from = (sandbox.log.entries().at(-1)?.seq ?? 0) + 1
  const held = () => sandbox.log.entries(from).filter((entry) => entry.fault === 'hang').length
  sandbox.fault({ kind: 'hang', provider, accept: true, rate: 0.5, times: 8 })
  sandbox.fault({ kind: 'hang', provider, times: 8 })
  for (let waited = 0; held() < 4 && waited < LONGEST_WATCH; waited += 10) await sleep(10)
  const workers = troop.count('worker')
  await Promise.all(Array.from({ length: workers }, () => troop.kill('worker')))
  sandbox.clearFaults(provider)
  for (let n = 0; n < workers; n++) void troop.start('worker')
}

/** The replacement starts at once and is not waited for: for as long as it takes there may be none at all. */
async function killAndReplace(role: Role, { troop, chance }: Targets): Promise<void> {
  for (let waited = 0; troop.count(role) === 0; waited += 20) {
    if (waited > 60_000) throw new Error(`there is no ${role} to kill`)
    await sleep(20)
  }
  await troop.kill(role, Math.floor(chance('which') * troop.count(role)))
  void troop.start(role)
}
