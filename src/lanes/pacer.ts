import { findWork } from '../store/queries/claim.ts'
import { type Ring, type Ticked, tick } from './tick.ts'

export interface Pacer {
  /** Lanes that have new work, as heard by NOTIFY. */
  wake(lanes: Iterable<number>): void
  /** Looks at every lane now: after a lost connection, or at the start. */
  lookAgain(): void
  /** Finishes the ticks under way and stops. */
  stop(): Promise<void>
  readonly ticks: number
}

export interface PacerOptions {
  /** Longest time between two looks at the timers: the backstop for a lost NOTIFY. Milliseconds. */
  pollEvery: number
  /** Ticks at a time: while Node decides one, PostgreSQL works on others. With two, a tenth of two cores still waited. */
  concurrency: number
  onTicked: (ticked: Ticked) => void
  onError: (error: unknown) => void
}

/**
 * What is heard within so many milliseconds shares a tick: one costs much the same for one row as for ten, and at 200
 * events a second ticks of one row each filled a core, behind which everything queued.
 */
const GATHER = 4
/**
 * What is heard while a tick runs waits for its end, and shares the next, unless it lasts longer than this: three ticks of
 * one row side by side cost what one of three rows does three times. Milliseconds, like the above.
 */
const BESIDE = 16
/**
 * A tick of a little work begins no sooner after the one before. Nobody waits that comes after a rest; at 200 events a second,
 * four share a tick, with what providers answered meanwhile. Milliseconds.
 */
const SPACING = 16
/** Lanes that have work: with so many, a tick is worth its price at once. */
const MANY_LANES = 16

/** Milliseconds. */
const backOff = (failures: number) => Math.min(5_000, 100 * 2 ** failures)

/** Decides when to tick which lanes: at once when woken, when a timer falls due, and each second in any case. */
export function startPacer(ring: Ring, options: PacerOptions): Pacer {
  const everyLane = Array.from({ length: ring.lanes }, (_, lane) => lane)
  const dirty = new Set<number>()
  /** Those of them in which a timer has fallen due, or may have. Whoever is woken for an inbox need not look. */
  const overdue = new Set<number>()
  const busy = new Set<number>()
  /** Lanes whose tick failed: each is ticked alone, and not before `from`, until that succeeds. One that always fails holds up no other. */
  const suspects = new Map<number, { failures: number; from: number }>()
  let running = 0
  let stopped = false
  let ticks = 0
  let failures = 0
  let pollAt = 0
  let timer: NodeJS.Timeout | null = null
  let polling = false
  /** Somebody asked for a look while one was under way, which may have seen too little. */
  let pollAgain = false
  let gathering: NodeJS.Timeout | null = null
  let lastBegan = Number.NEGATIVE_INFINITY
  let whenIdle: (() => void) | null = null

  const schedule = (delay: number) => {
    const at = Date.now() + delay
    if (stopped || (timer !== null && pollAt <= at)) return
    if (timer !== null) clearTimeout(timer)
    pollAt = at
    timer = setTimeout(poll, Math.max(0, delay))
  }
  const poll = () => {
    timer = null
    pollAgain = polling
    if (polling || stopped) return
    polling = true
    findWork(ring.pool, everyLane)
      .then((work) => {
        failures = 0
        let next = options.pollEvery
        for (const { lane, waiting, dueIn } of work) {
          const isDue = dueIn !== null && dueIn <= 0
          if (waiting || isDue) dirty.add(lane)
          if (isDue) overdue.add(lane)
          else if (dueIn !== null) next = Math.min(next, Math.max(1, Math.ceil(dueIn)))
        }
        // A look that was to be for a suspect may have come earlier, for something else.
        for (const { from } of suspects.values()) if (from > Date.now()) next = Math.min(next, from - Date.now())
        polling = false
        schedule(pollAgain ? 0 : Math.max(1, next))
        pump()
      })
      .catch((error: unknown) => {
        polling = false
        options.onError(error)
        schedule(backOff(failures++))
      })
      .finally(settle)
  }
  const settle = () => {
    if (stopped && running === 0 && !polling) whenIdle?.()
  }
  const nextShare = (): number[] => {
    const free = [...dirty].filter((lane) => !busy.has(lane))
    // Suspects first, so that the others' work, which may never end, does not starve them.
    const [suspected] = suspects.size === 0 ? [] : free.filter((lane) => (suspects.get(lane)?.from ?? Number.POSITIVE_INFINITY) <= Date.now())
    if (suspected !== undefined) return [suspected]
    const sound = suspects.size === 0 ? free : free.filter((lane) => !suspects.has(lane))
    // A little work goes into one tick; a lot is shared between those that can run side by side.
    return running === 0 && sound.length >= MANY_LANES ? sound.slice(0, Math.ceil(sound.length / options.concurrency)) : sound
  }
  /** Milliseconds after which to look again for lanes that could not be ticked. */
  const suspect = (share: readonly number[]): number => {
    const [lane] = share
    if (share.length > 1 || lane === undefined) {
      for (const each of share) if (!suspects.has(each)) suspects.set(each, { failures: 0, from: 0 })
      return backOff(failures++)
    }
    const before = suspects.get(lane)?.failures ?? 0
    const wait = backOff(before)
    // A timer may be a little early by the clock.
    suspects.set(lane, { failures: before + 1, from: Date.now() + wait - 10 })
    return wait
  }
  const pump = () => {
    while (!stopped && running < options.concurrency) {
      const share = nextShare()
      if (share.length === 0) return
      let timers = false
      for (const lane of share) {
        dirty.delete(lane)
        busy.add(lane)
        timers = overdue.delete(lane) || timers
      }
      running++
      lastBegan = performance.now()
      let crowded = false
      tick(ring, share, { timers })
        .then((ticked) => {
          ticks++
          failures = 0
          for (const lane of ticked.lanes) suspects.delete(lane)
          crowded = ticked.more.length > 0
          for (const lane of ticked.more) {
            dirty.add(lane)
            if (timers) overdue.add(lane)
          }
          if (ticked.dueIn !== null) schedule(Math.max(1, Math.ceil(ticked.dueIn)))
          options.onTicked(ticked)
        })
        .catch((error: unknown) => {
          options.onError(error)
          // The lanes are found again by the poll; at once would be a hot loop against a database that is away.
          schedule(suspect(share))
        })
        .finally(() => {
          for (const lane of share) busy.delete(lane)
          running--
          if (crowded || dirty.size >= MANY_LANES) pump()
          else if (dirty.size > 0) soon()
          settle()
        })
    }
  }
  const soon = () => {
    gathering ??= setTimeout(
      () => {
        gathering = null
        pump()
      },
      running === 0 ? Math.max(GATHER, lastBegan + SPACING - performance.now()) : BESIDE,
    )
  }
  schedule(0)
  return {
    wake(lanes) {
      for (const lane of lanes) dirty.add(lane)
      soon()
    },
    lookAgain: () => schedule(0),
    stop: () =>
      new Promise((done) => {
        stopped = true
        if (timer !== null) clearTimeout(timer)
        if (gathering !== null) clearTimeout(gathering)
        whenIdle = done
        settle()
      }),
    get ticks() {
      return ticks
    },
  }
}
