import { CALLS_CHANNEL } from '../src/store/queries/webhook-calls.ts'
import { DELIVERIES_CHANNEL } from '../src/store/queries/webhook-deliveries.ts'
import { type CallOptions, startCalls } from './webhooks-calls.ts'
import { startDeliveries } from './webhooks-deliveries.ts'

export interface Webhooks {
  /** What to do when a channel is notified. */
  channels: Record<string, () => void>
  /** After a lost connection nobody knows what was missed. */
  lookAgain(): void
  /** Finishes what is under way. */
  stop(): Promise<void>
}

/** Open sockets of a worker to what workspaces have it call, for calls and for deliveries each: apart from its providers', which slow receivers must not starve. */
const SOCKETS = 32

/** All that a worker calls which is no provider. */
export function startWebhooks(options: Omit<CallOptions, 'policy' | 'sockets'> & { privateHosts: readonly string[] }): Webhooks {
  const policy = { privateHosts: options.privateHosts, httpsOnly: true }
  const each = { ...options, policy, sockets: SOCKETS }
  const runners = { [CALLS_CHANNEL]: startCalls(each), [DELIVERIES_CHANNEL]: startDeliveries(each) }
  return {
    channels: Object.fromEntries(Object.entries(runners).map(([channel, runner]) => [channel, runner.wake])),
    lookAgain() {
      for (const runner of Object.values(runners)) runner.wake()
    },
    async stop() {
      await Promise.all(Object.values(runners).map((runner) => runner.stop()))
    },
  }
}
