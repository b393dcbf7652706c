import type { CountWrite } from '../store/queries/write-back.ts'

const HOUR = 3_600_000

/** Whose a count is. */
export interface CountKey {
  lane: number
  workspaceId: string
  journeyId: string
  versionId: string
}

/** What one tick counts, added up under the hour it falls in. */
export class Counts {
  private readonly hour: number
  /** By version and lane, then by node and metric: a step counts five times, and one long key for all four cost 2 µs of it. */
  private readonly sums = new Map<string, Map<number, Map<string, CountWrite>>>()

  constructor(now: number) {
    this.hour = now - (now % HOUR)
  }

  /** Node '' is the journey as a whole. What is counted of messages names its channel behind an `@`: a node may send on several. */
  add(key: CountKey, node: string, metric: string, n = 1, amount = 0): void {
    const lanes = this.sums.get(key.versionId) ?? new Map<number, Map<string, CountWrite>>()
    const sums = lanes.get(key.lane) ?? new Map<string, CountWrite>()
    if (sums.size === 0) this.sums.set(key.versionId, lanes.set(key.lane, sums))
    const id = `${node}/${metric}`
    const row = sums.get(id)
    if (row) {
      row.n += n
      row.amount += amount
    } else {
      const { lane, versionId: version, workspaceId: workspace, journeyId: journey } = key
      sums.set(id, { lane, version, node, metric, hour: this.hour, workspace, journey, n, amount })
    }
  }

  /** In the order of the table's key. */
  get rows(): CountWrite[] {
    return [...this.sums.values()]
      .flatMap((lanes) => [...lanes.values()].flatMap((sums) => [...sums.values()]))
      .sort(
        (a, b) =>
          a.lane - b.lane ||
          (a.version < b.version ? -1 : a.version > b.version ? 1 : a.node < b.node ? -1 : a.node > b.node ? 1 : a.metric < b.metric ? -1 : 1),
      )
  }
}
