export const BROADCAST_STATUSES = ['RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED'] as const
export type BroadcastStatus = (typeof BROADCAST_STATUSES)[number]

/** What may become of a broadcast by whose order. COMPLETED and CANCELLED are final. */
const MOVES: Readonly<Record<'PAUSED' | 'RUNNING' | 'CANCELLED', readonly BroadcastStatus[]>> = {
  PAUSED: ['RUNNING'],
  RUNNING: ['PAUSED'],
  CANCELLED: ['RUNNING', 'PAUSED'],
}

export const mayBecome = (from: BroadcastStatus, to: keyof typeof MOVES): boolean => MOVES[to].includes(from)

export const FASTEST = 5_000
export const USUAL_PACE = 200

/** How many contacts the next page takes, and how long to wait after it: at most four pages a second, and no page too large for one transaction. */
export function pageAt(perSecond: number): { size: number; waitMs: number } {
  const size = Math.min(500, Math.max(1, Math.ceil(perSecond / 4)))
  return { size, waitMs: Math.ceil((size / perSecond) * 1_000) }
}
