import { ThroughlineError } from '../errors.ts'

interface Bucket {
  left: number
  at: number
}

const MOST_BUCKETS = 100_000

export interface RateLimit {
  /** Charges a key. Throws RATE_LIMITED with `data.retryAfter` in seconds where its allowance does not cover the cost. */
  charge(key: string, cost: number): void
}

/**
 * A token bucket per key, holding a minute's allowance. In this process's memory on purpose: a shared count would
 * cost every request a write. With n API processes behind a balancer a key may spend up to n allowances.
 */
export function createRateLimit(perMinute: number, now: () => number = () => performance.now()): RateLimit {
  const buckets = new Map<string, Bucket>()
  return {
    charge(key, cost) {
      const at = now()
      const bucket = buckets.get(key) ?? { left: perMinute, at }
      const left = Math.min(perMinute, bucket.left + ((at - bucket.at) * perMinute) / 60_000)
      if (cost > left) {
        buckets.set(key, { left, at })
        throw new ThroughlineError('RATE_LIMITED', undefined, {
          data: { retryAfter: Math.max(1, Math.ceil(((Math.min(cost, perMinute) - left) * 60) / perMinute)) },
        })
      }
      // Insertion order is order of first use since the last sweep; a dropped bucket comes back full, which only favours the caller.
      if (buckets.size >= MOST_BUCKETS) buckets.delete(buckets.keys().next().value ?? '')
      buckets.set(key, { left: left - cost, at })
    },
  }
}
